import Database
import Foundation
import PlatformSupport
import Storage
import TestSupport
import Testing

@testable import PlatformAPI

/// The worker as it runs on AWS: in a sandbox of Lambda's, told by SQS, with its files in S3.
@Suite(.postgres)
struct LambdaTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func failures(_ answer: [String: Any]) throws -> [String] {
        try #require(answer["batchItemFailures"] as? [[String: String]], "\(answer)").compactMap {
            $0["itemIdentifier"]
        }
    }

    @Test("videos are made of what S3 has, as SQS says; what is at fault fails, what is no message comes back")
    func jobs() async throws {
        let cloud = try await Cloud()
        let good = try await cloud.upload(TestClip.plain(in: scratch, seconds: 2))
        let text = scratch.path("text.mp4")
        try Data("This is no film.".utf8).write(to: URL(filePath: text))
        let bad = try await cloud.upload(text)
        let records = try await cloud.records()
        try #require(records.count == 2)
        let strange: [[String: Any]] = ["no message of ours", #"{"job":"x"}"#].enumerated().map {
            ["messageId": "strange-\($0)", "body": $1]
        }
        // S3 has troubles of its own meanwhile.
        try cloud.server.fail(2, method: "GET")
        let sandbox = try await LambdaSandbox(data: scratch.path("data"), environment: cloud.environment)
        // One of them twice.
        let event = ["Records": [strange[0], records[0], records[1], strange[1], records[0]]]
        #expect(try failures(try await sandbox.invoke(event)) == ["strange-0", "strange-1"])
        let made = try await cloud.video(good)
        #expect(made.status == .processed)
        let key = try #require(made.processedKey.flatMap { ObjectKey($0) })
        let info = try await cloud.store.info(key)
        #expect(info.map { $0.bytes > 10_000 } == true)
        let failed = try await cloud.video(bad)
        #expect(failed.status == .failed && failed.failure?.code == "not_media")
        // Nothing of it is left, nothing waits, and what is told again does nothing.
        #expect(try await cloud.announcer.announce() == 0)
        #expect(try failures(try await sandbox.invoke(["Records": [records[1]]])) == [])
        let odd = try await sandbox.invoke(["hello": "world"])
        #expect(odd["errorType"] as? String == "Cortina.UnknownEvent")
    }

    @Test("a job that does not fit into an invocation is given back before its end, and done by the next")
    func deadline() async throws {
        let cloud = try await Cloud()
        let video = try await cloud.upload(TestClip.plain(in: scratch, seconds: 30, size: "1920x1080"))
        let records = try await cloud.records()
        // Three seconds are left for the job, and for the worker to start.
        let hasty = try await LambdaSandbox(data: scratch.path("data"), timeout: 18, environment: cloud.environment)
        #expect(try failures(try await hasty.invoke(["Records": records])) == [])
        let waiting = try await cloud.video(video)
        #expect(waiting.status != .processed && waiting.status != .failed)
        // The database tells of it again, once.
        let again = try await cloud.records()
        #expect(again.count == 1)
        let patient = try await LambdaSandbox(data: scratch.path("data"), environment: cloud.environment)
        #expect(try failures(try await patient.invoke(["Records": again])) == [])
        #expect(try await cloud.video(video).status == .processed)
    }

    @Test("a hundred invocations of one sandbox leave nothing on its disk, and its memory as it was")
    func reused() async throws {
        let cloud = try await Cloud()
        let clip = try TestClip.plain(in: scratch, seconds: 0.5)
        let (data, temporary) = (scratch.path("data"), scratch.path("tmp"))
        try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
        let sandbox = try await LambdaSandbox(
            data: data, environment: cloud.environment.merging(["TMPDIR": temporary]) { $1 })
        var memory: [Int] = []
        for number in 1...100 {
            let video = try await cloud.upload(clip)
            let records = try await cloud.records()
            #expect(try failures(try await sandbox.invoke(["Records": records])) == [])
            #expect(try await cloud.video(video).status == .processed)
            if number % 20 == 0 { memory.append(try sandbox.memory()) }
            let left = try FileManager.default.contentsOfDirectory(atPath: "\(data)/worker/scratch")
            #expect(left == [], "\(number)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary) == [])
        #expect(memory[4] < memory[0] + 16 << 20, "\(memory)")
    }
}
