@testable import CortinaCommands
import Foundation
import TestSupport
import Testing

@Suite(.serialized)
struct PreviewTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test("the page is whole, loads nothing, and shows before, after, sheet, report and graph")
    func page() throws {
        let clip = try TestClip.plain("it's <b>.mp4", in: scratch, seconds: 2)
        let path = scratch.path("preview.html")
        let result = try Program.run(["preview", "showcase", clip, "-o", path])
        #expect(result.status == 0, "\(result.errors)")
        let page = try String(contentsOfFile: path, encoding: .utf8)
        #expect(page.hasPrefix("<!doctype html>") && page.hasSuffix("</html>\n"))
        #expect(page.contains("it&#39;s &lt;b&gt;.mp4") && !page.contains("<b>.mp4"))
        #expect(page.matches(of: /<figure>/).count == 16)
        #expect(page.contains("const moments = [{") && page.contains("<svg") && page.contains("enlarges the picture"))
        for attribute in page.matches(of: /(?:src|href)="([^"]{1,12})/) {
            #expect(attribute.1.hasPrefix("data:") || attribute.1.hasPrefix("#"), "\(attribute.1)")
        }
        #expect(try scratch.names() == ["it's <b>.mp4", "preview.html"])
    }

    @Test(
        "a clip of one frame is compared, though it lies between the moments of the sheet",
        arguments: ["showcase", "interview"])
    func oneFrame(pipeline: String) throws {
        let clip = try TestClip.make(
            "one.mp4", in: scratch, "-f lavfi -i testsrc2=s=320x180:r=30 -frames:v 1 -pix_fmt yuv420p -c:v libx264")
        let path = scratch.path("preview.html")
        #expect(try Program.run(["preview", pipeline, clip, "-o", path]).status == 0)
        let page = try String(contentsOfFile: path, encoding: .utf8)
        #expect(page.contains("const moments = [{") && !page.contains("Nothing of the clip"))
    }

    @Test("bad input is refused as by run, and no page is left")
    func badInput() throws {
        let page = scratch.path("page.html")
        let clip = Checkout.fixture("plain.mp4")
        let cases: [([String], Int32)] = [
            (["preview", "showcase", Checkout.fixture("text.mp4"), "-o", page], 65),
            (["preview", "showcase", scratch.path("absent.mp4"), "-o", page], 66),
            (["preview", "shwocase", clip, "-o", page], 64), (["preview", "showcase", clip], 64),
            (["preview", "showcase", clip, "-o", page, "--serve"], 64),
            (["preview", "showcase", clip, "-o", scratch.path("absent/page.html")], 73),
            (["preview", "showcase", Checkout.fixture("text.mp4"), "--serve"], 65),
            (["diff", "showcase", "showcase-fit", Checkout.fixture("text.mp4"), "-o", page], 65),
            (["diff", "showcase", "showcase-fit", "-o", page], 64),
            (["dry-run", "showcase", Checkout.fixture("text.mp4")], 65),
            (["dry-run", "showcase", scratch.path("absent.mp4")], 66),
        ]
        for (arguments, status) in cases {
            let result = try Program.run(arguments)
            #expect(result.status == status, "\(arguments): \(result.errors)")
            #expect(result.errors.split(separator: "\n").count { $0.hasPrefix("error:") } == 1, "\(result.errors)")
        }
        #expect(try scratch.names().isEmpty)
    }

    @Test("only this machine's names are answered")
    func hosts() {
        for host in ["127.0.0.1", "127.0.0.1:8080", "localhost", "LOCALHOST:1"] {
            #expect(PreviewHandler.isLocal(host))
        }
        for host in [
            nil, "", "evil.example", "127.0.0.1.evil.example", "localhost:x", "127.0.0.1:1:2", "[::1]", "0.0.0.0",
        ] {
            #expect(!PreviewHandler.isLocal(host), "\(host ?? "none")")
        }
    }

    /// Asks a server with curl.
    private func get(_ address: String, _ options: String...) throws -> (status: String, body: String, bytes: Data) {
        let result = try Tool.run(
            "curl",
            ["-s", "--max-time", "30", "--path-as-is", "-o", scratch.path("body"), "-w", "%{http_code}"] + options + [
                address
            ])
        let body = (try? Data(contentsOf: URL(filePath: scratch.path("body")))) ?? Data()
        return (result.output, String(decoding: body, as: UTF8.self), body)
    }

    @Test("the live page gives pictures, refuses other names and other paths, and follows the manifest")
    func live() async throws {
        let manifest = scratch.path("live.json")
        let published = try Data(contentsOf: Checkout.root.appending(path: "pipelines/published/showcase@1.json"))
        try published.write(to: URL(filePath: manifest))
        let server = Process()
        server.executableURL = URL(filePath: Program.path)
        server.arguments = [
            "preview", manifest, Checkout.fixture("plain.mp4"), "--serve", "--home", Checkout.root.path,
        ]
        let output = Pipe()
        server.standardOutput = output
        try server.run()
        defer {
            server.terminate()
            server.waitUntilExit()
        }
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let address = String(try #require(line.firstMatch(of: /http:\/\/127\.0\.0\.1:\d+\//)?.0))

        let page = try get(address)
        #expect(page.status == "200" && page.body.contains("showcase@1") && page.body.contains("/frame?side="))
        let after = try get("\(address)frame?side=after&t=2.6")
        #expect(after.status == "200" && after.bytes.starts(with: [0xFF, 0xD8, 0xFF]))
        #expect(try get("\(address)frame?side=before&t=2.6").status == "200")
        // In a bumper there is nothing of the clip.
        #expect(try get("\(address)frame?side=before&t=1").status == "404")
        for path in ["frame", "frame?side=up&t=1", "frame?side=after&t=nan", "frame?side=after&t=-1", "state"] {
            #expect(try get(address + path).status == "400", "\(path)")
        }
        for path in [
            "etc/passwd", "../../../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "assets/brand/intro.mp4", "live.json",
        ] {
            let answer = try get(address + path)
            #expect(answer.status == "404" && !answer.body.contains("root:"), "\(path)")
        }
        #expect(try get(address, "-H", "Host: evil.example").status == "403")
        #expect(try get(address, "-X", "POST").status == "405")

        // The port is taken: a second server says so and ends.
        let port = String(address.split(separator: ":").last?.dropLast() ?? "")
        let second = try Program.run(["preview", manifest, Checkout.fixture("plain.mp4"), "--serve", "--port", port])
        #expect(second.status == 64 && second.errors.contains("port \(port) of 127.0.0.1 cannot be had"))

        // A changed manifest is shown; a broken one is told of, and the last whole one stays.
        let other = try Data(contentsOf: Checkout.root.appending(path: "pipelines/published/showcase-fit@1.json"))
        try other.write(to: URL(filePath: manifest))
        #expect(try get("\(address)state?seen=1").body.contains("\"generation\":2"))
        #expect(try get(address).body.contains("showcase-fit@1"))
        try Data("{".utf8).write(to: URL(filePath: manifest))
        let broken = try get("\(address)state?seen=2").body
        #expect(broken.contains("\"generation\":3") && broken.contains("\"problem\""), "\(broken)")
        #expect(try get(address).body.contains("showcase-fit@1"))
    }

    @Test("what takes too long is ended, and what does not is not")
    func deadline() async throws {
        #expect(try await Deadline.within(.seconds(60), "it") { 7 } == 7)
        let failure = await #expect(throws: Failure.self) {
            try await Deadline.within(.milliseconds(50), "it") { try await Task.sleep(for: .seconds(60)) }
        }
        #expect(failure?.description.hasPrefix("it took longer than") == true)
    }

    @Test("an item goes to the end of a list in a source, however the list is laid out")
    func sourceList() {
        #expect(SourceList.adding("B", after: "x: ", to: "f(x: [])") == "f(x: [B])")
        #expect(SourceList.adding("B", after: "x: ", to: "f(x: [A, g([1])], y: [])") == "f(x: [A, g([1]), B], y: [])")
        #expect(SourceList.adding("B", after: "= ", to: "l = [\n    A,\n]\n") == "l = [\n    A, B,\n]\n")
        #expect(SourceList.adding("B", after: "z: ", to: "f(x: [])") == nil)
    }

    @Test("new writes a package, a stage and a pipeline once, and refuses names that cannot be")
    func new() throws {
        let home = scratch.path("beach-volley")
        let made = try Program.run(["new", "package", "beach-volley", "--into", scratch.folder.path])
        #expect(made.status == 0 && made.output.contains("wrote \(home)/Package.swift"), "\(made.errors)")
        for (kind, name) in [("stage", "sun-glow"), ("stage", "vivid"), ("pipeline", "rally-cut")] {
            let result = try Program.run(["new", kind, name, "--home", home])
            #expect(result.status == 0, "\(result.errors)")
        }
        let catalog = try String(contentsOfFile: "\(home)/Sources/BeachVolley/Catalog.swift", encoding: .utf8)
        #expect(catalog.contains("builtInStages + [SunGlow.self, Vivid.self], pipelines: [.rallyCutV1])"))
        #expect(FileManager.default.fileExists(atPath: "\(home)/Tests/BeachVolleyTests/RallyCutTests.swift"))
        // A newcomer puts what the README shows where the README says: the test beside it must fit.
        let vivid = try String(contentsOfFile: "\(home)/Sources/BeachVolley/Vivid.swift", encoding: .utf8)
        #expect(try String(contentsOfFile: Checkout.file("README.md"), encoding: .utf8).contains(vivid))
        for arguments in [
            ["package", "beach-volley", "--into", scratch.folder.path], ["stage", "sun-glow", "--home", home],
            ["stage", "watermark", "--home", home], ["stage", "filter", "--home", home],
            ["pipeline", "Rally", "--home", home],
            ["pipeline", "9-lives", "--home", home], ["pipeline", "showcase"],
            ["stage", "x", "--home", scratch.folder.path],
        ] {
            let result = try Program.run(["new"] + arguments)
            #expect(result.status == 64, "\(arguments): \(result.errors)")
        }
    }
}
