import PlatformSupport
import Synchronization
import Testing

@testable import Database

@Suite(.postgres)
struct JobRepositoryTests {
    private static let failure = Video.Failure(code: "unavailable", message: "It could not be made; try again later.")

    /// A platform where so many videos wait to be made.
    private func platform(waiting count: Int = 1) async throws -> (Platform, [Video]) {
        let platform = try await Platform()
        let anna = try await platform.user("anna")
        var videos: [Video] = []
        for _ in 0..<count {
            let video = try await platform.upload(by: anna)
            _ = try await platform.videos.accept(video.id, bytes: 1000)
            videos.append(video)
        }
        return (platform, videos)
    }

    private func runOut(_ platform: Platform) async throws {
        try await platform.pool.withConnection {
            try await $0.script("UPDATE jobs SET leased_until = now() - interval '1 second' WHERE state = 'running'")
        }
    }

    @Test("each job is claimed by one of many, oldest first")
    func claiming() async throws {
        let (platform, videos) = try await platform(waiting: 20)
        let first = try #require(try await platform.jobs.claim(for: .seconds(3600)))
        #expect(first.video == videos[0].id && first.attempt == 1 && first.originalKey == videos[0].original.key)
        #expect(try await platform.videos.video(first.video)?.status == .processing)
        let claimed = try await withThrowingTaskGroup(of: Job?.self) { group in
            for _ in 0..<40 { group.addTask { try await platform.jobs.claim(for: .seconds(3600)) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(claimed.compactMap(\.?.id)).count == 19 && claimed.count(where: { $0 == nil }) == 21)
        #expect(try await platform.jobs.claim(first.id, for: .seconds(3600)) == nil)
    }

    @Test("people take turns: somebody else's 500 uploads hold nobody up", arguments: [false, true])
    func turns(isBegun: Bool) async throws {
        let (platform, flood) = try await platform(waiting: 500)
        if isBegun {
            // Some of the flood is made, and one is being made.
            for _ in 0..<7 {
                let job = try #require(try await platform.jobs.claim(for: .seconds(3600)))
                _ = try await platform.jobs.finish(job, with: .init(processedKey: "p\(job.id)", posterKey: nil))
            }
            _ = try #require(try await platform.jobs.claim(for: .seconds(3600)))
        }
        var others: [VideoID] = []
        for name in ["berta", "clara"] {
            let user = try await platform.user(name)
            for _ in 0..<3 {
                let video = try await platform.upload(by: user)
                _ = try await platform.videos.accept(video.id, bytes: 1000)
                others.append(video.id)
            }
        }
        var order: [VideoID] = []
        for _ in 0..<12 { order.append(try #require(try await platform.jobs.claim(for: .seconds(3600))).video) }
        // Three people, a third of the turns each; a newcomer's first video is behind two jobs of the flood at the most.
        for others in [others[..<3], others[3...]] {
            let places = try others.map { try #require(order.firstIndex(of: $0)) }
            #expect(places == places.sorted() && places[0] <= 3 && places[2] <= 10, "\(places)")
        }
        let served = order.filter { video in flood.contains { $0.id == video } }
        #expect(served == served.sorted { $0.rawValue < $1.rawValue })
    }

    @Test("a queue outside holds the next ten jobs of each person, and gets more as they are done")
    func announcedTurns() async throws {
        let (platform, flood) = try await platform(waiting: 30)
        let berta = try await platform.upload(by: try await platform.user("berta"))
        let other = try #require(try await platform.videos.accept(berta.id, bytes: 1000))
        var announced: [JobID] = []
        func announceAll() async throws {
            while try await platform.jobs.announce(
                again: .seconds(600),
                { ids in
                    announced += ids
                    return Set(ids.indices)
                }) > 0
            {}
        }
        try await announceAll()
        #expect(announced.count == 11 && (announced.firstIndex(of: other) ?? 99) <= 2)
        let job = try #require(try await platform.jobs.claim(announced[0], for: .seconds(3600)))
        try await announceAll()
        #expect(announced.count == 11)
        _ = try await platform.jobs.finish(job, with: .init(processedKey: "p", posterKey: nil))
        try await announceAll()
        #expect(announced.count == 12 && flood.count == 30)
    }

    @Test("who lost the claim changes nothing, and the result is that of who has it")
    func leases() async throws {
        let (platform, videos) = try await platform()
        let lost = try #require(try await platform.jobs.claim(for: .seconds(3600)))
        #expect(try await platform.jobs.renew(lost, for: .seconds(3600), progress: 0.5))
        #expect(try await platform.videos.states(of: [lost.video]).map(\.progress) == [0.5])
        #expect(try await platform.jobs.claim(for: .seconds(3600)) == nil)
        try await runOut(platform)
        let job = try #require(try await platform.jobs.claim(for: .seconds(3600)))
        #expect(job.id == lost.id && job.attempt == 2 && job.claim != lost.claim)
        #expect(try await !platform.jobs.renew(lost, for: .seconds(3600), progress: 0.9))
        #expect(try await platform.jobs.finish(lost, with: .init(processedKey: "late", posterKey: nil)) == nil)
        #expect(try await !platform.jobs.fail(lost, Self.failure))
        #expect(try await !platform.jobs.giveBack(lost, .attempt, Self.failure))
        #expect(try await platform.jobs.finish(job, with: .init(processedKey: "p", posterKey: "q")) == [])
        let video = try #require(try await platform.videos.video(videos[0].id))
        #expect(video.status == .processed && video.processedKey == "p" && video.posterKey == "q")
        #expect(try await platform.jobs.finish(job, with: .init(processedKey: "p", posterKey: "q")) == nil)
    }

    @Test("after the last attempt a video is failed, with a sentence; what its file is at fault for fails at once")
    func attempts() async throws {
        let (platform, videos) = try await platform(waiting: 3)
        for attempt in 1...3 {
            let job = try #require(try await platform.jobs.claim(for: .seconds(3600)))
            #expect(job.video == videos[0].id && job.attempt == attempt)
            #expect(try await platform.jobs.giveBack(job, after: .seconds(-3600), .attempt, Self.failure))
        }
        #expect(try await platform.videos.video(videos[0].id)?.failure == Self.failure)
        // Nobody hears of the second one's attempts again.
        for attempt in 1...3 {
            let job = try #require(try await platform.jobs.claim(for: .seconds(3600)))
            #expect(job.video == videos[1].id && job.attempt == attempt)
            try await runOut(platform)
            #expect(try await platform.jobs.sweep(Self.failure) == (attempt == 3 ? 1 : 0))
        }
        #expect(try await platform.videos.video(videos[1].id)?.status == .failed)
        let bad = try #require(try await platform.jobs.claim(for: .seconds(3600)))
        let fault = Video.Failure(code: "not_media", message: "This is no video.")
        #expect(try await platform.jobs.fail(bad, fault))
        #expect(try await platform.videos.video(videos[2].id)?.failure == fault)
        #expect(try await platform.jobs.claim(for: .seconds(3600)) == nil)
    }

    @Test("a worker that is told of a job before that is committed waits, and gets the job")
    func told() async throws {
        let (platform, _) = try await platform()
        let claims = Mutex<Task<Job?, any Error>?>(nil)
        let told = try await platform.jobs.announce(again: .seconds(1000)) {
            [jobs = platform.jobs, pool = platform.pool] ids in
            let claim = Task { try await jobs.claim(ids[0], for: .seconds(3600)) }
            // The announcement is committed when this returns: not before the claim waits for it.
            while try await pool.query(Statement("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).isEmpty
            {
                try await Task.sleep(for: .milliseconds(5))
            }
            claims.withLock { $0 = claim }
            return [0]
        }
        #expect(told == 1)
        #expect(try await claims.withLock(\.self)?.value?.id == JobID(rawValue: 1))
        #expect(try await platform.jobs.claim(JobID(rawValue: 1), for: .seconds(3600)) == nil)
    }

    @Test("a process that dies is the file's fault, which fails the job the second time, and takes no attempt")
    func fileFaults() async throws {
        let (platform, videos) = try await platform()
        for _ in 0..<2 {
            _ = try #require(try await platform.jobs.claim(for: .seconds(3600)))
            try await runOut(platform)
        }
        for fault in 1...2 {
            let job = try #require(try await platform.jobs.claim(for: .seconds(3600)))
            #expect(job.attempt == 3)
            #expect(try await platform.jobs.giveBack(job, .file, Self.failure))
            let isFailed = try await platform.videos.video(videos[0].id)?.status == .failed
            #expect(isFailed == (fault == 2))
        }
    }

    @Test("a job that was given back waits for its time, and a shutdown takes no attempt")
    func givingBack() async throws {
        let (platform, _) = try await platform()
        for _ in 0..<5 {
            let job = try #require(try await platform.jobs.claim(for: .seconds(3600)))
            #expect(job.attempt == 1)
            #expect(try await platform.jobs.giveBack(job, .nobody, Self.failure))
        }
        let job = try #require(try await platform.jobs.claim(for: .seconds(3600)))
        #expect(try await platform.jobs.giveBack(job, after: .seconds(3600), .attempt, Self.failure))
        #expect(try await platform.jobs.claim(for: .seconds(3600)) == nil)
    }

    @Test("a video that is made again serves its old result until the new one is there, and if there never is one")
    func reprocessing() async throws {
        let (platform, videos) = try await platform()
        let first = try #require(try await platform.jobs.claim(for: .seconds(3600)))
        #expect(try await platform.videos.reprocess(first.video, with: Platform.pipeline(2)) == nil)
        _ = try await platform.jobs.finish(first, with: .init(processedKey: "old", posterKey: "old.jpg"))
        #expect(try await platform.videos.reprocess(first.video, with: Platform.pipeline(2)) != nil)
        #expect(try await platform.videos.reprocess(first.video, with: Platform.pipeline(3)) == nil)
        let failing = try #require(try await platform.jobs.claim(for: .seconds(3600)))
        #expect(failing.pipeline == Platform.pipeline(2))
        #expect(try await platform.videos.publicVideo(videos[0].id)?.processedKey == "old")
        #expect(try await platform.jobs.fail(failing, Self.failure))
        let kept = try #require(try await platform.videos.publicVideo(videos[0].id))
        #expect(kept.processedKey == "old" && kept.failure == nil && kept.pipeline == Platform.pipeline(1))
        #expect(try await platform.videos.reprocess(first.video, with: Platform.pipeline(3)) != nil)
        let job = try #require(try await platform.jobs.claim(for: .seconds(3600)))
        #expect(
            try await platform.jobs.finish(job, with: .init(processedKey: "new", posterKey: nil)) == ["old", "old.jpg"])
        let made = try #require(try await platform.videos.publicVideo(videos[0].id))
        #expect(made.processedKey == "new" && made.posterKey == nil && made.pipeline == Platform.pipeline(3))
    }

    @Test("a job is announced when it is committed, and a video when it changes")
    func announcements() async throws {
        let (platform, videos) = try await platform()
        let (events, continuation) = AsyncStream.makeStream(of: Listener.Event.self)
        let channels = [JobRepository.announcements, JobRepository.changes]
        let task = Task { await Listener(platform.settings, channels: channels).run { continuation.yield($0) } }
        var heard = events.makeAsyncIterator()
        #expect(await heard.next() == .listening)
        let change = Listener.Event.heard(Notification(channel: "videos", payload: "\(videos[0].id)"))
        let job = try #require(try await platform.jobs.claim(for: .seconds(3600)))
        #expect(await heard.next() == change)
        _ = try await platform.jobs.renew(job, for: .seconds(3600), progress: 0.1)
        #expect(await heard.next() == change)
        _ = try await platform.jobs.finish(job, with: .init(processedKey: "p", posterKey: nil))
        #expect(await heard.next() == change)
        let again = try #require(try await platform.videos.reprocess(job.video, with: Platform.pipeline()))
        #expect(await heard.next() == .heard(Notification(channel: "jobs", payload: "\(again)")))
        task.cancel()
        await task.value
    }
}
