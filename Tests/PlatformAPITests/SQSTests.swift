import Database
import Logging
import PlatformSupport
import Storage
import TestSupport
import Testing

@testable import PlatformAPI

/// Jobs that SQS tells of.
@Suite(.postgres)
struct SQSTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func jobs(_ cloud: Cloud, lease: Duration = .seconds(600)) -> SQSJobQueue {
        SQSJobQueue(
            cloud.pool, cloud.queue, lease: lease, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func clip() throws -> String { try TestClip.plain(in: scratch, seconds: 1) }

    /// Whether nothing is in the queue that could be seen.
    private func isEmpty(_ queue: SQSQueue) async throws -> Bool {
        try await queue.receive(waiting: .zero, hidingFor: .zero).isEmpty
    }

    @Test("each job is told of once, and again where its message may be lost; whoever has it already is not disturbed")
    func announcing() async throws {
        let cloud = try await Cloud()
        for _ in 0..<12 { _ = try await cloud.upload(clip()) }
        let told = [try await cloud.announcer.announce(), try await cloud.announcer.announce()]
        #expect(told == [10, 2])
        #expect(try await cloud.announcer.announce() == 0)
        let jobs = jobs(cloud)
        var seen: Set<JobID> = []
        for _ in 0..<12 { seen.insert(try #require(try await jobs.claim(waiting: .seconds(1))).id) }
        #expect(seen.count == 12)
        let none = try await jobs.claim(waiting: .zero)
        #expect(none == nil)
        // One whose worker died: its lease is over, and it is told of at once.
        _ = try await cloud.pool.withConnection { connection in
            try await connection.script("UPDATE jobs SET leased_until = now() - interval '1 s' WHERE id = 5")
        }
        #expect(try await cloud.announcer.announce() == 1)
        let again = try await jobs.claim(waiting: .seconds(1))
        #expect(again?.id == JobID(rawValue: 5) && again?.attempt == 2)
    }

    @Test("a message goes when its job is done, another comes for one that was given back, and twice does no harm")
    func messages() async throws {
        let cloud = try await Cloud()
        _ = try await cloud.upload(clip())
        let jobs = jobs(cloud)
        #expect(try await cloud.announcer.announce() == 1)
        let first = try #require(try await jobs.claim(waiting: .seconds(1)))
        #expect(try await isEmpty(cloud.queue))
        #expect(try await jobs.renew(first, progress: 0.5))
        #expect(try await jobs.giveBack(first, after: .zero, .attempt, .interrupted))
        #expect(try await isEmpty(cloud.queue))
        #expect(try await cloud.announcer.announce() == 1)
        let second = try #require(try await jobs.claim(waiting: .seconds(1)))
        #expect(second.id == first.id && second.attempt == 2)
        #expect(try await !jobs.renew(first, progress: 0.6))
        // The same job's message once more, while somebody has it.
        _ = try await cloud.queue.send([JobMessage(job: first.id).text])
        let third = try await jobs.claim(waiting: .seconds(1))
        #expect(third == nil)
        let replaced = try await jobs.finish(second, with: .init(processedKey: "processed/a.mp4", posterKey: nil))
        #expect(replaced == [])
        #expect(try await isEmpty(cloud.queue))
        #expect(try await isEmpty(cloud.deadLetters))
    }

    @Test("a message is hidden again while its job is worked on, and comes to light when its worker is gone")
    func visibility() async throws {
        let cloud = try await Cloud()
        _ = try await cloud.upload(clip())
        // Long enough for a busy machine to renew it in time.
        let jobs = jobs(cloud, lease: .seconds(10))
        #expect(try await cloud.announcer.announce() == 1)
        let job = try #require(try await jobs.claim(waiting: .seconds(1)))
        func hidden() throws -> Int {
            try cloud.server.asked().count { $0.headers["x-amz-target"] == "AmazonSQS.ChangeMessageVisibility" }
        }
        #expect(try hidden() == 0)
        try await Task.sleep(for: .milliseconds(3500))
        #expect(try await jobs.renew(job, progress: 0.1))
        #expect(try hidden() == 1)
        // The worker is killed: nobody renews.
        let again = try await cloud.queue.receive(waiting: .seconds(20), hidingFor: .zero)
        #expect(again.first?.body == JobMessage(job: job.id).text)
    }

    @Test("what is no message of ours goes to the dead letters, and holds nobody up")
    func deadLetters() async throws {
        let cloud = try await Cloud()
        let taken = try await cloud.queue.send(["hello", #"{"job":-1}"#])
        #expect(taken == [0, 1])
        _ = try await cloud.upload(clip())
        #expect(try await cloud.announcer.announce() == 1)
        // On a busy machine a claim may take seconds: a lease that runs out before it would send the job to the dead letters too.
        let jobs = jobs(cloud, lease: .seconds(5))
        let job = try #require(try await jobs.claim(waiting: .seconds(60)))
        #expect(try await jobs.finish(job, with: .init(processedKey: "processed/a.mp4", posterKey: nil)) == [])
        var dead: Set<String> = []
        while dead.count < 2 {
            _ = try await jobs.claim(waiting: .seconds(1))
            for message in try await cloud.deadLetters.receive(10, waiting: .zero, hidingFor: .zero) {
                dead.insert(message.body)
            }
        }
        #expect(dead == ["hello", #"{"job":-1}"#])
    }

    @Test("dead letters are shown, and sent back where they are jobs'; what is none of ours stays, and nothing is lost")
    func redrive() async throws {
        let cloud = try await Cloud(receptions: 1)
        let video = try await cloud.upload(clip())
        for _ in 0..<11 { _ = try await cloud.upload(clip()) }
        while try await cloud.announcer.announce() > 0 {}
        _ = try await cloud.queue.send(["hello\u{1B}[2J"])
        // Whoever received them did nothing with them, twice.
        while try await cloud.deadLetters.depth().waiting < 13 {
            _ = try await cloud.queue.receive(10, waiting: .zero, hidingFor: .zero)
        }
        let letters = try #require(try await DeadLetters(behind: cloud.queue))
        let ids = Set(try await letters.list(100).map(\.id))
        #expect(ids.count == 13)
        let some = try await letters.list(4)
        #expect(some.count == 4 && ids.isSuperset(of: some.map(\.id)))
        #expect(try await DeadLetters(behind: cloud.deadLetters) == nil)

        func operate(_ arguments: String...) throws -> Tool {
            try Tool.run(
                Checkout.program("cortina-api"), ["dead-letters"] + arguments,
                environment: cloud.environment.merging(["QUEUE_URL": cloud.address]) { $1 })
        }
        let shown = try operate()
        let lines = shown.output.split(separator: "\n")
        #expect(lines.count == 13 && lines.count { $0.hasSuffix("  job 1") } == 1, "\(shown.output) \(shown.errors)")
        #expect(lines.count { $0.hasSuffix(#"  none of ours: "hello\u{1B}[2J""#) } == 1, "\(shown.output)")
        // The service has troubles meanwhile.
        try cloud.server.fail(1, method: "POST")
        let sent = try operate("redrive")
        #expect(sent.output.hasPrefix("12 sent back, 1 left\n"), "\(sent.output) \(sent.errors)")
        let left = try await cloud.deadLetters.receive(10, waiting: .zero, hidingFor: .zero)
        #expect(left.map(\.body) == ["hello\u{1B}[2J"])
        let jobs = jobs(cloud)
        var made: Set<VideoID> = []
        for _ in 0..<12 { made.insert(try #require(try await jobs.claim(waiting: .seconds(1))).video) }
        #expect(made.count == 12 && made.contains(video))
        let none = try await jobs.claim(waiting: .zero)
        #expect(none == nil)
    }

    @Test("a queue that is not there is said; one that has troubles is asked again")
    func troubles() async throws {
        let cloud = try await Cloud()
        try cloud.server.fail(2, method: "POST")
        #expect(try await cloud.queue.send(["hello"]) == [0])
        try cloud.server.fail(1000, method: "POST", status: 400)
        await #expect(throws: QueueError.self) { try await cloud.queue.send(["hello"]) }
    }
}
