@testable import Database
import Foundation
import GraphDSL
import PlatformSupport
import Runner
import Storage
import Telemetry
import TestSupport
import Testing

@testable import Worker

@Suite(.postgres)
struct WorkerTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func clip(seconds: Double = 2) throws -> String { try TestClip.plain(in: scratch, seconds: seconds) }

    @Test("what a job asks for is made, with a poster, and is the video's")
    func made() async throws {
        let shop = try await Workshop()
        let id = try await shop.upload(clip(), for: shop.publish(1))
        let job = try #require(try await shop.queue.claim(waiting: .zero))
        #expect(await shop.worker().perform(job) == .made)
        let video = try await shop.video(id)
        #expect(video.status == .processed && video.failure == nil)
        let keys = [try #require(video.processedKey), try #require(video.posterKey)]
        let results = try await shop.results()
        #expect(results == Set(keys))
        let made = try DecodedClip("\(shop.folder)/\(keys[0])")
        #expect(made.frameCount == 60 && made.errors == 0)
        let key = try #require(ObjectKey(keys[1]))
        let poster = try await shop.store.read(key, 0..<3)
        // A JPEG file begins with these (ITU-T T.81, B.1.1.3).
        #expect(poster == [0xff, 0xd8, 0xff])
        #expect(try shop.isTidy())
        let next = try await shop.queue.claim(waiting: .zero)
        #expect(next == nil)
    }

    @Test("a file that is at fault fails at once, with a sentence for its owner")
    func atFault() async throws {
        let shop = try await Workshop()
        let file = scratch.path("text.mp4")
        try Data("This is no film.".utf8).write(to: URL(filePath: file))
        let id = try await shop.upload(file, for: shop.publish(1))
        let job = try #require(try await shop.queue.claim(waiting: .zero))
        #expect(await shop.worker().perform(job) == .failed)
        let video = try await shop.video(id)
        #expect(video.status == .failed && video.failure?.code == "not_media")
        let message = try #require(video.failure?.message)
        #expect(message.hasPrefix("'rally.mp4' is not a video file") && message.hasSuffix("."))
        let next = try await shop.queue.claim(waiting: .zero)
        #expect(next == nil)
    }

    @Test("what is not the file's fault is tried three times, later each time; then the video is failed")
    func retries() async throws {
        let shop = try await Workshop()
        // No worker has this one.
        let absent = PinnedPipeline(name: "absent", version: 1, digest: ContentDigest(of: Data()))
        let id = try await shop.upload(clip(), for: absent)
        for attempt in 1...3 {
            let job = try #require(try await shop.queue.claim(waiting: .zero))
            #expect(job.attempt == attempt)
            #expect(await shop.worker().perform(job) == .givenBack)
            let early = try await shop.queue.claim(waiting: .zero)
            #expect(early == nil)
            _ = try await shop.pool.query(Statement("UPDATE jobs SET due_at = now()"))
        }
        let video = try await shop.video(id)
        #expect(video.status == .failed && video.failure == .interrupted)
    }

    @Test("what takes too long twice is the file's matter, and its owner is told so")
    func tooLong() async throws {
        let shop = try await Workshop()
        let metrics = MetricRegistry()
        let worker = shop.worker(limits: Limits(time: 0.001, memory: 16 << 30), metrics: metrics)
        let id = try await shop.upload(clip(seconds: 60), for: shop.publish(1))
        for _ in 1...2 {
            let job = try #require(try await shop.queue.claim(waiting: .zero))
            #expect(await worker.perform(job) == .givenBack)
            _ = try await shop.pool.query(Statement("UPDATE jobs SET due_at = now()"))
        }
        let failure = try await shop.video(id).failure
        #expect(failure?.code == "took_too_long" && failure?.message.hasSuffix(".") == true, "\(failure as Any)")
        let text = metrics.prometheusText
        #expect(text.contains(#"job_failures_total{reason="took_too_long"} 2"#))
        #expect(text.contains(#"job_duration_seconds_count{pipeline="small@1",outcome="given-back"} 2"#))
    }

    @Test("a process that dies over a file twice fails its job, and no other job is touched")
    func crashes() async throws {
        let shop = try await Workshop()
        let pipeline = try shop.publish(1)
        let bad = try await shop.upload(clip(), for: pipeline, named: "die")
        let good = try await shop.upload(clip(), for: pipeline, named: "rally.mp4")
        let worker = shop.worker(program: "hostile-media")
        for fault in 1...2 {
            let job = try #require(try await shop.queue.claim(waiting: .zero))
            #expect(job.video == bad && job.attempt == 1)
            #expect(await worker.perform(job) == .givenBack)
            if fault == 1 {
                let other = try #require(try await shop.queue.claim(waiting: .zero))
                #expect(other.video == good && other.attempt == 1)
                #expect(await worker.perform(other) == .made)
            }
            _ = try await shop.pool.query(Statement("UPDATE jobs SET due_at = now()"))
        }
        let failure = try await shop.video(bad).failure
        #expect(failure?.code == "crashed" && failure?.message.contains("signal 9") == true, "\(failure as Any)")
        #expect(try await shop.video(good).status == .processed)
        #expect(try shop.isTidy())
    }

    @Test("a manifest with another content than the job's digest is not run")
    func otherManifest() async throws {
        let shop = try await Workshop()
        var pipeline = try shop.publish(1)
        pipeline.digest = ContentDigest(of: Data("another".utf8))
        _ = try await shop.upload(clip(), for: pipeline)
        let job = try #require(try await shop.queue.claim(waiting: .zero))
        #expect(await shop.worker().perform(job) == .givenBack)
        #expect(try await shop.results() == [])
    }

    @Test("two workers on one job make one result; who has lost the claim leaves nothing")
    func claims() async throws {
        let shop = try await Workshop()
        let id = try await shop.upload(clip(), for: shop.publish(1))
        let job = try #require(try await shop.queue.claim(waiting: .zero))
        let none = try await shop.queue.claim(waiting: .zero)
        #expect(none == nil)
        // The first one was not heard of for too long: another has the job.
        _ = try await shop.pool.query(Statement("UPDATE jobs SET leased_until = now() - interval '1 second'"))
        let again = try #require(try await shop.queue.claim(waiting: .zero))
        #expect(again.id == job.id && again.claim != job.claim && again.attempt == 2)
        async let late = shop.worker().perform(job)
        async let holder = shop.worker().perform(again)
        #expect(await [late, holder] == [.lost, .made])
        let video = try await shop.video(id)
        let results = try await shop.results()
        #expect(results == [try #require(video.processedKey), try #require(video.posterKey)])
        #expect(try shop.isTidy())
    }

    @Test("a claim that is lost ends the work")
    func lost() async throws {
        let shop = try await Workshop()
        _ = try await shop.upload(clip(seconds: 2), for: shop.publish(1))
        let job = try #require(try await shop.queue.claim(waiting: .zero))
        let keeper = ClaimKeeper(job, in: shop.queue)
        keeper.note(0.25)
        _ = try await shop.pool.query(Statement("UPDATE jobs SET claim = gen_random_uuid()"))
        await #expect(throws: ClaimKeeper.Lost.self) { try await keeper.keep() }
    }

    @Test("how far the work is, is told")
    func progress() async throws {
        let shop = try await Workshop()
        let id = try await shop.upload(clip(), for: shop.publish(1))
        let job = try #require(try await shop.queue.claim(waiting: .zero))
        let keeper = ClaimKeeper(job, in: shop.queue)
        for (noted, told) in [(0.25, 0.25), (0.2, 0.25), (0.66666, 0.667), (2, 1)] {
            keeper.note(noted)
            let keeping = Task { try await keeper.keep() }
            var reached: Double?
            while reached != told { reached = try await shop.videos.states(of: [id]).first?.progress }
            keeping.cancel()
            _ = await keeping.result
        }
    }

    @Test("a worker that is stopped gives its job back, and the attempt does not count")
    func stopped() async throws {
        let shop = try await Workshop()
        _ = try await shop.upload(clip(), for: shop.publish(1))
        let job = try #require(try await shop.queue.claim(waiting: .zero))
        let worker = shop.worker()
        let task = Task {
            // Cancelled before it begins.
            while !Task.isCancelled { await Task.yield() }
            return await worker.perform(job)
        }
        task.cancel()
        #expect(await task.value == .givenBack)
        let again = try #require(try await shop.queue.claim(waiting: .zero))
        #expect(again.attempt == 1)
        #expect(await worker.perform(again) == .made)
        #expect(try shop.isTidy())
    }

    @Test("a video that is made again serves what it was until then; what is replaced is removed")
    func again() async throws {
        let shop = try await Workshop()
        let id = try await shop.upload(clip(), for: shop.publish(1))
        let first = try #require(try await shop.queue.claim(waiting: .zero))
        await shop.worker().perform(first)
        let before = try await shop.video(id)
        _ = try #require(try await shop.videos.reprocess(id, with: shop.publish(2)))
        let second = try #require(try await shop.queue.claim(waiting: .zero))
        let meanwhile = try await shop.video(id)
        #expect(meanwhile == before)
        #expect(await shop.worker().perform(second) == .made)
        let after = try await shop.video(id)
        #expect(after.pipeline.version == 2 && after.processedKey != before.processedKey)
        let results = try await shop.results()
        #expect(results == [try #require(after.processedKey), try #require(after.posterKey)])
    }

    @Test("whoever waits for a job has it as soon as it is there, or none when the time is over")
    func waiting() async throws {
        let shop = try await Workshop()
        let listening = Task { await shop.queue.listen() }
        defer { listening.cancel() }
        let none = try await shop.queue.claim(waiting: .milliseconds(50))
        #expect(none == nil)
        let claims = Task { try await shop.queue.claim(waiting: .seconds(600)) }
        let id = try await shop.upload(clip(), for: shop.publish(1))
        #expect(try await claims.value?.video == id)
        let idle = Task { try await shop.queue.claim(waiting: .seconds(600)) }
        idle.cancel()
        #expect((try? await idle.value) == nil)
    }
}
