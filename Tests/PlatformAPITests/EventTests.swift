import Database
import Foundation
import GraphDSL
import PlatformSupport
import Storage
import TestSupport
import Testing

@testable import PlatformAPI

@Suite(.postgres)
struct EventTests {
    /// A video that waits for a worker.
    func upload(_ platform: Platform, by owner: Int) async throws -> (id: VideoID, job: JobID) {
        let videos = VideoRepository(platform.pool)
        let key = ObjectKey.random(in: .uploaded, .mp4)
        let video = try await videos.add(
            by: UserID(rawValue: owner), title: "A rally", isPublic: false,
            .init(key: key.description, fileName: "clip.mp4", contentType: "video/mp4", bytes: 8),
            with: PinnedPipeline(name: "showcase", version: 3, digest: .init(of: .init())))
        return (video.id, try #require(try await videos.accept(video.id, bytes: 8)))
    }

    private func events(
        _ platform: Platform, _ id: VideoID, as token: String, isDeleted: Bool = false
    ) async throws -> String {
        let answer = try await platform.client.exchange(
            "GET", "/api/videos/\(id)/events", headers: ["Authorization": "Bearer \(token)"])
        // One that is deleted while the stream begins is not there.
        if isDeleted, answer.status == 404 { return "" }
        #expect(answer.status == 200 && answer.headers["content-type"] == "text/event-stream")
        return String(decoding: answer.bytes, as: UTF8.self)
    }

    /// Lets somebody watch a video while something is done; gives back what they were told.
    private func watch(
        _ platform: Platform, _ id: VideoID, as token: String, isDeleted: Bool = false,
        while work: () async throws -> Void
    ) async throws -> [Substring] {
        async let told = events(platform, id, as: token, isDeleted: isDeleted)
        while platform.events.watchers == 0 { try await Task.sleep(for: .milliseconds(10)) }
        try await work()
        let lines = try await told.split(separator: "\n").filter { $0 != ":" }
        // Nobody is kept who has gone.
        while platform.events.watchers > 0 { try await Task.sleep(for: .milliseconds(10)) }
        return lines
    }

    /// Lets the owner of a video watch what becomes of its job.
    private func job(
        _ work: @escaping (JobRepository, Job) async throws -> Void,
        _ check: @escaping (Platform, VideoID, _ token: String, _ told: [Substring]) async throws -> Void
    ) async throws {
        try await Platform.run { platform in
            let anna = try await platform.client.join("anna")
            let (id, waiting) = try await upload(platform, by: anna.id)
            let jobs = JobRepository(platform.pool)
            let told = try await watch(platform, id, as: anna.token) {
                try await work(jobs, try #require(try await jobs.claim(waiting, for: .seconds(3600))))
            }
            try await check(platform, id, anna.token, told)
        }
    }

    @Test("who watches is told what becomes of a video, until it is made")
    func made() async throws {
        try await job { jobs, job in
            let renewed = try await jobs.renew(job, for: .seconds(3600), progress: 0.5)
            #expect(renewed)
            _ = try await jobs.finish(job, with: .init(processedKey: "processed/a.mp4", posterKey: nil))
        } _: { platform, id, token, told in
            #expect(told.first == "event: status" && told.contains(#"data: {"status":"uploaded"}"#))
            // How much of what lies between is told depends on how fast it is read.
            let end = ["event: status", #"data: {"status":"processed"}"#, "event: done", #"data: {"video_id":\#(id)}"#]
            #expect(told.suffix(4).map(String.init) == end)
            let late = try await events(platform, id, as: token)
            #expect(late.split(separator: "\n").map(String.init) == end && late.hasSuffix("}\n\n"))
        }
    }

    @Test("who watches is told why nothing was made")
    func failed() async throws {
        try await job { jobs, job in
            _ = try await jobs.fail(job, .init(code: "not_media", message: "\"It\"\nis no film."))
        } _: { _, _, _, told in
            #expect(
                told.suffix(2) == [
                    "event: failed", #"data: {"code":"not_media","message":"\"It\"\nis no film."}"#,
                ])
        }
    }

    @Test("a video that is deleted has no more events; somebody else's has none")
    func others() async throws {
        try await Platform.run { platform in
            let (anna, berta) = (try await platform.client.join("anna"), try await platform.client.join("berta"))
            let (id, _) = try await upload(platform, by: anna.id)
            for (token, status) in [(berta.token, 403), ("nobody's", 401)] {
                let refused = try await platform.client.send("GET", "/api/videos/\(id)/events", as: token)
                #expect(refused.status == status)
            }
            let absent = try await platform.client.send("GET", "/api/videos/999/events", as: anna.token)
            #expect(absent.status == 404)
            let told = try await watch(platform, id, as: anna.token, isDeleted: true) {
                let gone = try await platform.client.send("DELETE", "/api/videos/\(id)", as: anna.token)
                #expect(gone.status == 204)
            }
            #expect(!told.contains("event: done") && !told.contains("event: failed"))
        }
    }

    @Test("what has not changed is not told again")
    func once() throws {
        var stream = EventStream()
        let waiting = VideoState(id: VideoID(rawValue: 1), status: .uploaded, progress: 0)
        #expect(stream.text(waiting).contains("progress"))
        #expect(stream.text(waiting) == "")
        let running = VideoState(id: VideoID(rawValue: 1), status: .processing, progress: 0.25)
        #expect(stream.text(running).contains(#"{"progress":0.25}"#) && stream.text(running) == "")
        // A video that is made again is processed already, and not done.
        var again = EventStream()
        let made = VideoState(id: VideoID(rawValue: 1), status: .processed, progress: 0.5)
        #expect(again.text(made).contains("processing") && !made.isFinal)
    }
}
