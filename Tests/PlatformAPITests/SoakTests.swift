import Database
import Foundation
import PlatformSupport
import Storage
import Synchronization
import TestSupport
import Testing

@testable import PlatformAPI

/// Many jobs, with all that goes wrong on the way: messages that come late and twice, messages that are none of ours, workers and their
/// media processes that are killed.
@Suite(.postgres, .timeLimit(.minutes(60)))
struct SoakTests {
    private let scratch: Scratch

    /// `make soak` asks for 2,000.
    private static let jobs = ProcessInfo.processInfo.environment["CORTINA_SOAK_JOBS"].flatMap { Int($0) } ?? 40
    /// After how many videos the worker is killed.
    private static let life = 20

    init() throws { scratch = try Scratch() }

    private func worker(_ cloud: Cloud) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: Checkout.program("cortina-worker"))
        process.arguments = [
            "poll", "--jobs", "2", "--data", scratch.path("data"),
            "--pipelines", Checkout.file("pipelines/published"), "--assets", Checkout.file("assets"),
        ]
        process.environment = ProcessInfo.processInfo.environment
            .merging(["QUEUE_URL": cloud.address, "WORKER_LEASE": "3"]) { $1 }.merging(cloud.environment) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    private func count(_ cloud: Cloud, _ statement: Statement) async throws -> Int {
        try await cloud.pool.withConnection { try await $0.query(statement) }[0]["n"]
    }

    private func made(_ cloud: Cloud) async throws -> Int {
        try await count(cloud, Statement("SELECT count(*) AS n FROM videos WHERE status = 'processed'"))
    }

    private func failed(_ cloud: Cloud) async throws -> Int {
        try await count(cloud, Statement("SELECT count(*) AS n FROM jobs WHERE state = 'failed'"))
    }

    @Test("every video is made once, and the dead letters are those that are none of ours")
    func soak() async throws {
        // As AWS advises: a worker that was killed is no reason to give a message up.
        let cloud = try await Cloud(receptions: 6, delay: 1)
        let clip = try TestClip.plain(in: scratch, seconds: 0.3, size: "160x90")
        for _ in 0..<Self.jobs { _ = try await cloud.upload(clip) }
        let poison = (0..<5).map { "no message of ours: \($0)" }
        _ = try await cloud.queue.send(poison)

        let (kills, crashes, duplicates) = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    _ = try await cloud.announcer.announce()
                    try await Task.sleep(for: .milliseconds(200))
                }
            }
            defer { group.cancelAll() }
            return try await drive(cloud)
        }
        #expect(kills >= Self.jobs / Self.life * 9 / 10)
        #expect(duplicates >= Self.jobs / 10)
        #expect(crashes >= Self.jobs / 20)
        print("workers killed: \(kills), media processes killed: \(crashes)")

        // As the database sees it: each has a result of its own, and no job is left.
        let results = try await count(
            cloud,
            Statement(
                """
                SELECT count(DISTINCT processed_key) AS n FROM videos
                WHERE status = 'processed' AND poster_key IS NOT NULL
                """))
        #expect(results == Self.jobs)
        #expect(try await count(cloud, Statement("SELECT count(*) AS n FROM jobs WHERE state <> 'done'")) == 0)
        // A killed media process is charged to its own file, and to no job beside it.
        #expect(try await count(cloud, Statement("SELECT sum(file_faults)::bigint AS n FROM jobs")) <= crashes)
        #expect(try await count(cloud, Statement("SELECT max(file_faults)::bigint AS n FROM jobs")) <= 1)
        let attempts = try await count(cloud, Statement("SELECT sum(attempts)::bigint AS n FROM jobs"))
        #expect(attempts <= Self.jobs + crashes + 2 * kills)
        // As the store does: what killed workers left is swept, and every video's files are there.
        try await StoreSweep(cloud.videos, cloud.store, age: .seconds(-60), logger: cloud.logger).sweep(at: Date())
        var (objects, last): (Int, ObjectKey?) = (0, nil)
        while true {
            let page = try await cloud.store.list(.processed, after: last)
            guard let end = page.last else { break }
            (objects, last) = (objects + page.count, end.key)
        }
        #expect(objects == 2 * Self.jobs)
        var dead: Set<String> = []
        while true {
            let messages = try await cloud.deadLetters.receive(10, waiting: .zero, hidingFor: .seconds(600))
            if messages.isEmpty { break }
            dead.formUnion(messages.map(\.body))
        }
        #expect(dead == Set(poison))
    }

    /// Kills one of a worker's media processes, unless a job that lost one already is under way or about to be: the second one fails it.
    ///
    /// - Returns: whether one was killed.
    private func crash(_ worker: Process, _ cloud: Cloud) async throws -> Bool {
        let suspects = try await count(
            cloud,
            Statement(
                """
                SELECT count(*) AS n FROM jobs
                WHERE file_faults > 0 AND (state = 'running' OR state = 'waiting' AND due_at < now() + interval '2 s')
                """))
        let media = try Tool.run("pgrep", ["-P", "\(worker.processIdentifier)", "-x", "cortina-media"]).output
        guard suspects == 0, let process = media.split(separator: "\n").compactMap({ pid_t($0) }).randomElement() else {
            return false
        }
        return kill(process, Bool.random() ? SIGKILL : SIGSEGV) == 0
    }

    /// Has workers do all jobs, kills them and their media processes, and sends messages again, until the queue has nothing any more.
    ///
    /// - Returns: how often a worker was killed, and a media process; and how many messages came twice.
    private func drive(_ cloud: Cloud) async throws -> (kills: Int, crashes: Int, duplicates: Int) {
        var process = try worker(cloud)
        defer { kill(process.processIdentifier, SIGKILL) }
        var (kills, crashes, duplicates, atStart) = (0, 0, 0, 0)
        while true {
            try await Task.sleep(for: .milliseconds(100))
            let made = try await made(cloud)
            // Jobs that failed are found below.
            if made + (try await failed(cloud)) == Self.jobs { break }
            while duplicates * 10 < made + 10 {
                let job = JobID(rawValue: Int.random(in: 1...Self.jobs))
                _ = try await cloud.queue.send([JobMessage(job: job).text])
                duplicates += 1
            }
            if crashes * 10 < made + 10, try await crash(process, cloud) { crashes += 1 }
            guard made - atStart >= Self.life || !process.isRunning else { continue }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            (kills, atStart) = (kills + 1, made)
            process = try worker(cloud)
        }
        // What is left is received until nothing is: the rest of the duplicates, and the poison six times.
        while try await !cloud.isDrained() { try await Task.sleep(for: .milliseconds(200)) }
        return (kills, crashes, duplicates)
    }
}
