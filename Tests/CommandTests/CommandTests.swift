import Foundation
import TestSupport
import Testing

/// The program as scripts use it.
@Suite(.serialized)
struct CommandTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func cortina(
        _ arguments: String..., afterStart: (Process) throws -> Void = { _ in }
    ) throws -> Tool {
        try Program.run(arguments, afterStart: afterStart)
    }

    /// Checks that a command failed with a status, one line that says why, and the words that it must hold.
    private func expect(
        _ result: Tool, _ status: Int32, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(result.status == status, "\(result.errors)", sourceLocation: sourceLocation)
        let lines = result.errors.split(separator: "\n").filter { $0.hasPrefix("error:") }
        #expect(lines.count == 1, "\(result.errors)", sourceLocation: sourceLocation)
        for word in words {
            #expect(lines.first?.contains(word) == true, "\(result.errors)", sourceLocation: sourceLocation)
        }
    }

    @Test("run makes a video, tells JSON lines, and writes the report")
    func run() throws {
        let clip = try TestClip.plain(in: scratch, seconds: 1)
        let (out, report) = (scratch.path("out.mp4"), scratch.path("report.json"))
        let result = try cortina("run", "showcase", clip, "-o", out, "--progress", "json", "--report", report)
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        let lines = try result.output.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(lines.last?["event"] as? String == "done")
        #expect(lines.dropLast().allSatisfy { $0["event"] as? String == "progress" && $0["progress"] is [String: Any] })
        let written = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: report))) as? [String: Any]
        #expect(written?["frames"] as? Int == 180)
        #expect(try DecodedClip(out).frameCount == 180)
    }

    @Test("a path to a manifest, and a name with a version, run as the name does")
    func references() throws {
        let clip = try TestClip.plain(in: scratch, seconds: 0.5)
        for pipeline in ["showcase@1", "pipelines/published/showcase@1.json"] {
            let result = try cortina("run", pipeline, clip, "-o", scratch.path("out.mp4"), "--progress", "plain")
            #expect(result.status == 0 && result.output.contains("165 frames"), "\(result.errors)")
            #expect(result.errors.contains("showcase@1 100 %"))
        }
    }

    @Test("wrong usage is 64, with the near names")
    func usage() throws {
        let clip = try TestClip.plain(in: scratch, seconds: 0.5)
        let out = scratch.path("out.mp4")
        expect(try cortina("run", "shwocase", clip, "-o", out), 64, "'shwocase'", "'showcase'")
        expect(try cortina("run", "showcase@7", clip, "-o", out), 64, "showcase@1")
        expect(try cortina("run", "showcase", clip), 64)
        expect(try cortina("run", "showcase", clip, "-o", out, "--set", "player=Ana"), 64, "'player'")
        expect(try cortina("run", "showcase", clip, "-o", out, "--set", "player"), 64)
        expect(try cortina("run", "showcase", clip, "-o", clip), 64, "input itself")
        expect(try cortina("stages", "watermrk"), 64, "'watermark'")
        expect(try cortina("fly"), 64)
        #expect(try scratch.names() == ["plain.mp4"])
    }

    @Test("a run that fails leaves a report, and no report is written over the clip or the video")
    func failureReport() throws {
        let clip = try TestClip.plain(in: scratch, seconds: 0.2)
        let (out, report) = (scratch.path("out.mp4"), scratch.path("report.json"))
        expect(
            try cortina("run", "showcase", clip, "-o", out, "--report", report, "--limit-frames", "3"), 65,
            "more than 3 frames")
        let found = try #require(
            JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: report))) as? [String: Any])
        let error = try #require(found["error"] as? [String: Any])
        #expect(error["code"] as? String == "too_many_frames" && error["blame"] as? String == "input")
        #expect(found["version"] is String && found["digest"] is String && found["clip"] is [String: Any])
        #expect((found["libraries"] as? String)?.contains(/libavcodec \d+\.\d+\.\d+/) == true)
        let bytes = try Data(contentsOf: URL(filePath: clip))
        expect(try cortina("run", "showcase", clip, "-o", out, "--report", clip), 64, "written over")
        expect(try cortina("run", "showcase", clip, "-o", out, "--report", out), 64, "written over")
        expect(try cortina("preview", "showcase", clip, "-o", clip), 64, "written over")
        expect(try cortina("diff", "showcase@1", "showcase@3", clip, "-o", clip), 64, "written over")
        expect(
            try cortina("run", "showcase", clip, "-o", out, "--report", scratch.path("absent/r.json")), 73,
            "absent/r.json")
        #expect(try Data(contentsOf: URL(filePath: clip)) == bytes && !FileManager.default.fileExists(atPath: out))
    }

    @Test("what is not media is 65, what is not there is 66, what cannot be written is 73")
    func inputs() throws {
        let clip = try TestClip.plain(in: scratch, seconds: 0.5)
        let text = scratch.path("text.mp4")
        try Data("no film".utf8).write(to: URL(filePath: text))
        let out = scratch.path("out.mp4")
        expect(try cortina("run", "showcase", text, "-o", out), 65, "text.mp4", "use MP4")
        let sound = try TestClip.make("sound.mp4", in: scratch, "-f lavfi -i sine=d=1")
        expect(try cortina("run", "showcase", sound, "-o", out), 65, "no video")
        expect(try cortina("probe", text), 65)
        expect(try cortina("run", "showcase", scratch.path("absent.mp4"), "-o", out), 66, "absent.mp4")
        expect(try cortina("run", "absent.json", clip, "-o", out), 66, "absent.json")
        expect(try cortina("run", "showcase", clip, "-o", scratch.path("no/out.mp4")), 73, "no folder")
        expect(try cortina("run", "showcase", clip, "-o", out, "--assets", scratch.folder.path), 70, "brand/intro.mp4")
        #expect(try !scratch.names().contains { $0.hasPrefix("out") || $0.hasPrefix(".") })
    }

    @Test("an interrupted run is 75, leaves no file, and keeps what was there", arguments: [SIGINT, SIGTERM])
    func interruption(signal: Int32) throws {
        let clip = try TestClip.plain(in: scratch, seconds: 60, size: "1920x1080", audio: false)
        let out = scratch.path("out.mp4")
        try Data("before".utf8).write(to: URL(filePath: out))
        let result = try cortina("run", "interview", clip, "-o", out) { process in
            // Wait for the partial file: the run has begun.
            for _ in 0..<3000 where try !scratch.names().contains(where: { $0.hasPrefix(".out") }) { usleep(10_000) }
            kill(process.processIdentifier, signal)
        }
        expect(result, 75, "interrupted")
        #expect(try String(contentsOfFile: out, encoding: .utf8) == "before")
        #expect(try scratch.names() == ["out.mp4", "plain.mp4"])
    }

    @Test("probe speaks to people and to scripts")
    func probe() throws {
        let clip = try TestClip.plain(in: scratch, seconds: 1)
        let words = try cortina("probe", clip)
        #expect(words.status == 0)
        for word in [
            "h264, yuv420p, 8 bit", "320x180", "30.0 a second, constant", "bt709, limited range",
            "aac, 48000 Hz, stereo",
        ] {
            #expect(words.output.contains(word), "\(words.output)")
        }
        let json =
            try JSONSerialization.jsonObject(with: Data(try cortina("probe", clip, "--json").output.utf8))
            as? [String: Any]
        #expect((json?["video"] as? [String: Any])?["codec"] as? String == "h264")
    }

    @Test("pipelines and stages are listed, in words and as JSON")
    func lists() throws {
        #expect(try cortina("pipelines").output.contains("showcase@1 "))
        let pipelines =
            try JSONSerialization.jsonObject(with: Data(try cortina("pipelines", "--json").output.utf8))
            as? [[String: Any]]
        #expect(
            pipelines?.compactMap { $0["name"] as? String } == [
                "interview", "showcase", "showcase", "showcase", "showcase-fit",
            ])
        #expect(try cortina("stages").output.split(separator: "\n").count == 12)
        let watermark = try cortina("stages", "watermark").output
        #expect(watermark.contains("opacity") && watermark.contains("from 0 to 1") && watermark.contains("default 1"))
        #expect(watermark.contains("needs  a picture, and an image of the assets"))
        let stages =
            try JSONSerialization.jsonObject(with: Data(try cortina("stages", "--json").output.utf8))
            as? [[String: Any]]
        #expect(stages?.count == 12)
    }

    @Test("the pages that are made from the code are what the code says", arguments: ["errors", "stages"])
    func pages(name: String) throws {
        let page = try String(contentsOfFile: Checkout.file("docs/\(name).md"), encoding: .utf8)
        #expect(try cortina(name, "--markdown").output == page, "run 'make docs'")
    }

    @Test(
        "completions for each shell know the pipelines, the stages and the formats", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) throws {
        let script = try cortina("--generate-completion-script", shell).output
        for word in ["showcase@1", "interview", "watermark", "mermaid", "limit-memory"] {
            #expect(script.contains(word), "\(word)")
        }
    }

    @Test("errors are listed for scripts")
    func errors() throws {
        let listed =
            try JSONSerialization.jsonObject(with: Data(try cortina("errors", "--json").output.utf8))
            as? [[String: Any]]
        #expect(listed?.contains { $0["code"] as? String == "no_video" && $0["exitStatus"] as? Int == 65 } == true)
    }

    @Test("explain shows what each step of binding changes and why")
    func explain() throws {
        let clip = Checkout.fixture("turned-90.mp4")
        let written = try cortina("explain", "showcase@1").output
        #expect(written.hasPrefix("showcase@1, written\n  n0  upload: video  [30 fps, yuv420p]"))
        #expect(!written.contains("normalised"))
        let steps = try cortina("explain", "showcase@1", clip).output
        for text in [
            "showcase@1, normalised", "showcase@1, computed", "showcase@1, remove-no-ops", "showcase@1, executed",
            "  * turned by 90° → upright", "  * crop of Crop is left out: the picture is 320x180 already",
            "transpose  dir=clock  <- n0  [320x180, 30 fps, yuv420p, 0.5 s]",
            "  * 2.5 s before the body (brand/intro.mp4) are the same for every clip",
        ] {
            #expect(steps.contains(text), "\(text): \(steps)")
        }
        let title = try cortina("explain", "showcase", clip, "--step", "computed").output
        #expect(title.contains("crop  h=180 w=320") && !title.contains("written"))
        expect(try cortina("explain", "showcase", "--step", "executed"), 64, "needs a clip")
        expect(try cortina("explain", "showcase", "--step", "exeuted"), 64, "'executed'")
        expect(try cortina("explain", "showcase", Checkout.fixture("text.mp4")), 65, "text.mp4")
    }

    @Test("a clip behind an address is read by ranges, and nothing of its signature is shown")
    func address() throws {
        let clip = Checkout.fixture("plain.mp4")
        let server = try RangeServer(clip)
        let (near, far, report) = (scratch.path("near.mp4"), scratch.path("far.mp4"), scratch.path("report.json"))
        #expect(try cortina("run", "showcase", clip, "-o", near).status == 0)
        let run = try cortina("run", "showcase", server.url, "-o", far, "--report", report)
        #expect(run.status == 0, "\(run.errors)")
        #expect(try Data(contentsOf: URL(filePath: near)) == Data(contentsOf: URL(filePath: far)))
        #expect(try !(run.errors + String(contentsOfFile: report, encoding: .utf8)).contains("secret"))
        // Probing and running transfer the file once.
        let size = try FileManager.default.attributesOfItem(atPath: clip)[.size] as? Int
        #expect(try server.counts().bytes <= size ?? 0)
        let text = try RangeServer(Checkout.fixture("text.mp4"))
        expect(try cortina("probe", text.url), 65, "clip.mp4")
        // Of six minutes 30 s, and that part of the index that tells of them.
        if let clip = Checkout.corpus("long_1080p_lowbitrate.mp4") {
            let server = try RangeServer(clip)
            #expect(try cortina("run", "showcase", server.url, "-o", far).status == 0)
            let size = try FileManager.default.attributesOfItem(atPath: clip)[.size] as? Int
            #expect(try server.counts().bytes * 100 < (size ?? 0) * 15)
        }
        for (mode, status) in [("gone", Int32(66)), ("refused", 66)] {
            let server = try RangeServer(clip, mode: mode)
            let refused = try cortina("probe", server.url)
            expect(refused, status, mode == "gone" ? "no file" : "has the address expired")
            #expect(!refused.errors.contains("secret"))
        }
    }

    @Test("bake fills the cache, runs use it, and cache lists and clears it")
    func cache() throws {
        let options = ["--cache", scratch.path("cache")]
        let baked = try Program.run(["bake", "showcase", "interview"] + options)
        #expect(baked.status == 0 && baked.output.contains("brand/intro.mp4, 75 frames\n"), "\(baked.output)")
        #expect(try Program.run(["bake", "showcase"] + options).output.contains("75 frames, was there"))
        #expect(try Program.run(["cache"] + options).output.contains("4 segments in"))
        let report = scratch.path("report.json")
        let clip = Checkout.fixture("plain.mp4")
        let run = try Program.run(
            ["run", "showcase", clip, "-o", scratch.path("out.mp4"), "--report", report] + options)
        #expect(run.status == 0)
        #expect(try String(contentsOfFile: report, encoding: .utf8).contains(#""isFromCache" : true"#))
        #expect(try Program.run(["cache", "--clear"] + options).output.hasPrefix("removed 4 segments"))
        #expect(try Program.run(["cache", "--json"] + options).output == "[\n\n]\n")
        expect(try Program.run(["bake", "showcase", "--size", "big"] + options), 64, "1920x1080")
        expect(try Program.run(["bake", "showcsae"] + options), 64, "'showcase'")
        expect(try Program.run(["cache", "--cache-limit", "0"] + options), 64, "greater than 0")
    }

    @Test("explain draws, where Graphviz is, and says so where it is not")
    func explainPictures() throws {
        let picture = try cortina("explain", "interview", "--format", "svg")
        #expect(picture.status == 0 && picture.output.contains("<svg") && picture.output.contains("loudnorm"))
        #expect(try cortina("explain", "interview", "--format", "mermaid").output.hasPrefix("flowchart TB\n"))
        let without = try Tool.run(
            Program.path, ["explain", "showcase", "--format", "svg"], in: Checkout.root,
            environment: ["PATH": scratch.folder.path])
        expect(without, 70, "install graphviz")
    }

    @Test("a limit out of its range is wrong usage")
    func limits() throws {
        let clip = Checkout.fixture("plain.mp4")
        expect(try cortina("probe", clip, "--limit-undecodable-share", "2"), 64, "from 0 to 1")
        expect(try cortina("probe", clip, "--limit-streams", "0"), 64, "--limit-streams")
        expect(try cortina("probe", clip, "--limit-picture-area", "100"), 65, "320x180")
    }

    @Test("manifest prints what publish would write, byte for byte")
    func manifest() throws {
        for name in ["showcase", "interview@1", "pipelines/published/showcase-fit@1.json"] {
            let reference = name.contains("/") ? "showcase-fit@1" : name.contains("@") ? name : "\(name)@3"
            let published = try String(
                contentsOf: Checkout.root.appending(path: "pipelines/published/\(reference).json"), encoding: .utf8)
            let printed = try cortina("manifest", name)
            #expect(
                printed.status == 0
                    && printed.output.trimmingCharacters(in: .newlines) == published.trimmingCharacters(in: .newlines))
        }
        expect(try cortina("manifest", "shwocase"), 64, "'showcase'")
    }

    @Test("without Graphviz nothing is published")
    func publishWithoutGraphviz() throws {
        let home = scratch.folder
        try FileManager.default.copyItem(
            at: Checkout.root.appending(path: "assets"), to: home.appending(path: "assets"))
        let folder = home.appending(path: "pipelines/published")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let without = try Tool.run(
            Program.path, ["publish", "--home", home.path], in: Checkout.root,
            environment: ["PATH": scratch.folder.path])
        expect(without, 70, "install graphviz")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test("publish --check passes as committed; a changed file fails it, and publish never overwrites")
    func publish() throws {
        #expect(try cortina("publish", "--check").status == 0)
        let home = scratch.folder
        try FileManager.default.copyItem(
            at: Checkout.root.appending(path: "assets"), to: home.appending(path: "assets"))
        let folder = home.appending(path: "pipelines/published")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        expect(try cortina("publish", "--check", "--home", home.path), 65, "not published")
        #expect(try cortina("publish", "--home", home.path).status == 0)
        let file = folder.appending(path: "showcase@1.json")
        #expect(
            try Data(contentsOf: file)
                == Data(contentsOf: Checkout.root.appending(path: "pipelines/published/showcase@1.json")))
        // The picture lies beside it, is asked for, and is drawn again where it is gone.
        let picture = folder.appending(path: "showcase@1.svg")
        #expect(try String(contentsOf: picture, encoding: .utf8).contains("<svg"))
        try FileManager.default.removeItem(at: picture)
        expect(try cortina("publish", "--check", "--home", home.path), 65, "no picture")
        #expect(try cortina("publish", "--home", home.path).status == 0)
        #expect(FileManager.default.fileExists(atPath: picture.path))
        try Data("{}".utf8).write(to: file)
        expect(try cortina("publish", "--home", home.path), 65, "ShowcaseV2.swift")
        #expect(try Data(contentsOf: file) == Data("{}".utf8))
    }
}
