public import Database
public import Logging
import Synchronization

/// A queue whose messages come by way of SQS; the jobs are still rows of the database. A message whose job is done, or somebody
/// else's, is deleted; of one that was given back the database tells again when it is due.
public final class SQSJobQueue: JobQueue {
    public let lease: Duration
    private let jobs: JobRepository
    private let messages: SQSQueue
    private let logger: Logger
    /// The messages of jobs that are worked on, and when each was hidden last.
    private let held = Mutex<[JobID: (message: SQSQueue.Message, hidden: ContinuousClock.Instant)]>([:])

    /// - Parameter lease: how long a claim is good for that is not renewed; a message is hidden as long.
    public init(_ pool: ConnectionPool, _ messages: SQSQueue, lease: Duration = .seconds(60), logger: Logger) {
        jobs = JobRepository(pool)
        self.messages = messages
        self.lease = lease
        self.logger = logger
    }

    /// SQS itself lets who waits know.
    public func listen() async {}

    public func claim(waiting patience: Duration) async throws -> Job? {
        let deadline = ContinuousClock.now + patience
        repeat {
            let received = try await messages.receive(waiting: max(.zero, deadline - .now), hidingFor: lease)
            guard let message = received.first else { continue }
            guard let told = JobMessage(text: message.body) else {
                // Not deleted: received often enough, it goes to the queue of dead letters, where somebody sees it.
                logger.warning("a message is none of ours", metadata: ["message": "\(message.id)"])
                continue
            }
            guard let job = try await jobs.claim(told.job, for: lease) else {
                try await messages.delete(message)
                continue
            }
            held.withLock { $0[job.id] = (message, .now) }
            return job
        } while ContinuousClock.now < deadline && !Task.isCancelled
        return nil
    }

    public func renew(_ job: Job, progress: Double) async throws -> Bool {
        guard try await jobs.renew(job, for: lease, progress: progress) else {
            held.withLock { $0[job.id] = nil }
            return false
        }
        let message = held.withLock { held -> SQSQueue.Message? in
            guard let kept = held[job.id], kept.hidden.duration(to: .now) > lease / 4 else { return nil }
            held[job.id]?.hidden = .now
            return kept.message
        }
        // One that comes to light meanwhile finds no job to claim: it is not worth ending the work for.
        if let message { try? await messages.hide(message, for: lease) }
        return true
    }

    public func finish(_ job: Job, with result: JobRepository.Result) async throws -> [String]? {
        try await end(job) { try await jobs.finish(job, with: result) }
    }

    public func fail(_ job: Job, _ failure: Video.Failure) async throws -> Bool {
        try await end(job) { try await jobs.fail(job, failure) }
    }

    public func giveBack(
        _ job: Job, after pause: Duration, _ charge: JobRepository.Charge, _ failure: Video.Failure
    ) async throws -> Bool {
        try await end(job) { try await jobs.giveBack(job, after: pause, charge, failure) }
    }

    /// Notes how a job ended, and then deletes its message. One that cannot be deleted is received again, and finds nothing to do; so is
    /// one whose job's end could not be noted, and finds that there is.
    private func end<Result>(_ job: Job, _ note: () async throws -> Result) async throws -> Result {
        let message = held.withLock { $0.removeValue(forKey: job.id)?.message }
        let result = try await note()
        if let message { try? await messages.delete(message) }
        return result
    }
}
