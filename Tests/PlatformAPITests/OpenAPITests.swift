import Foundation
import PlatformSupport
import TestSupport
import Testing

@testable import PlatformAPI

@Suite(.postgres)
struct OpenAPITests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// The description's operations: `GET /api/x`, and whether each asks for a token.
    private func described(_ client: Client) async throws -> [String: Bool] {
        let answer = try await client.send("GET", "/api/openapi.json")
        #expect(answer["openapi"] == "3.1.0")
        let paths: [String: [String: Any]] = try #require(answer["paths"])
        var operations: [String: Bool] = [:]
        for (path, item) in paths {
            for (method, operation) in item where method != "parameters" {
                let security = (operation as? [String: Any])?["security"] as? [[String: Any]] ?? []
                // An empty one says that none is needed.
                operations["\(method.uppercased()) \(path)"] = !security.isEmpty && security.allSatisfy { !$0.isEmpty }
            }
        }
        return operations
    }

    @Test("what is described is what is answered, and asks for a token where it says so")
    func routes() async throws {
        try await Platform.run { platform in
            let described = try await described(platform.client)
            let answered = platform.routes.filter {
                // HEAD is GET's, and need not be described.
                !$0.hasPrefix("HEAD ") && ($0.hasPrefix("GET /api") || !$0.contains(" /store"))
            }
            #expect(Set(described.keys) == Set(answered))
            for (operation, isProtected) in described where !operation.contains("/auth/") {
                let parts = operation.split(separator: " ")
                let path = String(parts[1]).replacing("{id}", with: "1").replacing("{name}", with: "x")
                    .replacing("{version}", with: "1")
                let answer = try await platform.client.send(String(parts[0]), path)
                #expect((answer.status == 401) == isProtected, "\(operation): \(answer.status)")
                // The same with a slash behind it.
                let other = try await platform.client.send(String(parts[0]), path + "/")
                #expect(other.status == answer.status, "\(operation)")
            }
        }
    }

    @Test("each route has its tests in the table of them, and each test of the table is there")
    func table() async throws {
        let text = try String(contentsOfFile: Checkout.file("Tests/PlatformAPITests/README.md"), encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }
        let routes = rows.compactMap { $0.firstMatch(of: /`([A-Z]+ [^`]+)`/)?.output.1 }.map(String.init)
        try await Platform.run { platform in
            let described = try await described(platform.client)
            #expect(Set(routes) == Set(described.keys))
        }
        for match in rows.joined().matches(of: /`(\w+Tests)\.(\w+)`/) {
            let file = Checkout.file("Tests/PlatformAPITests/\(match.output.1).swift")
            let source = try String(contentsOfFile: file, encoding: .utf8)
            #expect(source.contains("    func \(match.output.2)("), "\(match.output.0)")
        }
    }

    @Test("whatever is sent to whichever route, the answer is as described")
    func schemathesis() async throws {
        var settings = Platform.settings
        settings.limits = [:]
        try await Platform.run(settings) { platform in
            let anna = try await platform.client.join("anna")
            for number in 0..<3 { _ = try await platform.video(by: anna.id, "Rally \(number)", isPublic: number > 0) }
            // Events of a video that waits go on: these are all made. Who logs out is out.
            var examples = 0
            for path in [["--include", "events$"], ["--exclude", "logout$|events$"], ["--include", "logout$"]] {
                examples += try await check(platform, as: anna.token, ["\(path[0])-path-regex", path[1]])
            }
            #expect(examples >= 2000)
        }
    }

    /// Has schemathesis send requests; gives back how many.
    private func check(_ platform: Platform, as token: String, _ arguments: [String]) async throws -> Int {
        let (url, scratch) = (platform.url, scratch)
        let result = try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        try Tool.run(
                            Checkout.file(".build/python/bin/schemathesis"),
                            [
                                "--config-file", Checkout.file("Tests/PlatformAPITests/schemathesis.toml"),
                                "run", "\(url)/api/openapi.json", "--header", "Authorization:Bearer \(token)",
                                "--max-examples", "60", "--seed", "1", "--max-redirects", "0", "--no-color",
                            ] + arguments, in: scratch.folder)
                    })
            }
        }
        #expect(result.status == 0, "\(result.output)\n\(result.errors)")
        let count = try #require(result.output.firstMatch(of: /(\d+) generated/)).output.1
        return try #require(Int(count))
    }
}
