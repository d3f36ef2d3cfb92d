import Database
import Foundation
import HTTPTypes
import PlatformSupport
import TestSupport
import Testing

/// What a function says to Lambda, and what it makes of what it is told.
@Suite(.postgres, .timeLimit(.minutes(10)))
struct LambdaRuntimeTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Runs the worker as Lambda does, for as long as `body` takes.
    ///
    /// - Returns: what it logged.
    private func work(
        _ address: String, environment: [String: String], _ body: (Process) async throws -> Void
    ) async throws -> String {
        let log = scratch.path("log")
        try Data().write(to: URL(filePath: log))
        let process = Process()
        process.executableURL = URL(filePath: Checkout.program("cortina-worker"))
        process.arguments = [
            "--data", scratch.path("data"), "--pipelines", Checkout.file("pipelines/published"), "--assets",
            Checkout.file("assets"),
        ]
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            .merging(["AWS_LAMBDA_RUNTIME_API": address]) { $1 }
        let output = try #require(FileHandle(forWritingAtPath: log))
        (process.standardOutput, process.standardError) = (output, output)
        try process.run()
        defer { kill(process.processIdentifier, SIGKILL) }
        try await body(process)
        return try String(contentsOfFile: log, encoding: .utf8)
    }

    private func expectFailure(of process: Process) async throws {
        while process.isRunning { try await Task.sleep(for: .milliseconds(20)) }
        #expect(process.terminationReason == .exit && process.terminationStatus != 0)
    }

    @Test("the trace of an invocation is in what is logged meanwhile, and in the names of the database's sessions")
    func trace() async throws {
        let cloud = try await Cloud()
        let video = try await cloud.upload(TestClip.plain(in: scratch, seconds: 0.5))
        let roots = ["1-5759e988-bd862e3fe1be46a994272793", "1-67891233-abcdef012345678912345678"]
        // The second time there is nothing left to do, but the database is asked.
        let event = try JSONSerialization.data(withJSONObject: ["Records": try await cloud.records()])
        let questions = roots.enumerated().map { number, root in
            RuntimeAPI.Question(
                id: "id-\(number)", trace: "Root=\(root);Parent=53995c3f42cd8ad8;Sampled=1", event: event)
        }
        try await RuntimeAPI.run(asking: questions) { runtime, address in
            var words = runtime.words.makeAsyncIterator()
            let log = try await work(address, environment: cloud.environment) { _ in
                for (number, root) in roots.enumerated() {
                    let word = try #require(await words.next())
                    #expect(word.path == "invocation/id-\(number)/response")
                    #expect(String(decoding: word.body, as: UTF8.self) == #"{"batchItemFailures":[]}"#)
                    // After the first of them the second may have begun.
                    guard number == roots.count - 1 else { continue }
                    let names = try await cloud.sessions()
                    #expect(names.contains("cortina-worker \(root)"), "\(names)")
                }
            }
            #expect(try await cloud.video(video).status == .processed)
            let job = try #require(log.split(separator: "\n").first { $0.contains(#""message":"job""#) }, "\(log)")
            #expect(job.contains(#""trace":"Root=\#(roots[0]);Parent=53995c3f42cd8ad8;Sampled=1""#))
            #expect(job.contains(#""invocation":"id-0""#))
        }
    }

    @Test("a function that cannot start says why, and ends")
    func setup() async throws {
        try await RuntimeAPI.run { runtime, address in
            _ = try await work(address, environment: ["DATABASE_PORT": "none", "DATABASE_HOST": "127.0.0.1"]) {
                process in
                var words = runtime.words.makeAsyncIterator()
                let word = try #require(await words.next())
                #expect(word.path == "init/error" && word.errorType == "Cortina.Setup")
                #expect(word.field("errorType") == "Cortina.Setup")
                let message = try #require(word.field("errorMessage"))
                #expect(message.contains("DATABASE_PORT"), "\(message)")
                try await expectFailure(of: process)
            }
        }
    }

    @Test("an event that is none of SQS fails with a word in the header and in the body, and the next one is asked for")
    func unknownEvent() async throws {
        let cloud = try await Cloud()
        let questions = [Data("[1]".utf8), Data(#"{"Records":[]}"#.utf8)].enumerated().map {
            RuntimeAPI.Question(id: "id-\($0)", event: $1)
        }
        try await RuntimeAPI.run(asking: questions) { runtime, address in
            _ = try await work(address, environment: cloud.environment) { _ in
                var words = runtime.words.makeAsyncIterator()
                let first = try #require(await words.next())
                #expect(first.path == "invocation/id-0/error" && first.errorType == "Cortina.UnknownEvent")
                #expect(first.field("errorType") == "Cortina.UnknownEvent")
                #expect(try #require(await words.next()).path == "invocation/id-1/response")
            }
        }
    }

    @Test("a function whose answer is not taken ends: Lambda starts another")
    func refused() async throws {
        let cloud = try await Cloud()
        let question = RuntimeAPI.Question(id: "id", event: Data(#"{"Records":[]}"#.utf8))
        try await RuntimeAPI.run(asking: [question], answering: .internalServerError) { _, address in
            _ = try await work(address, environment: cloud.environment) { process in
                try await expectFailure(of: process)
            }
        }
    }
}
