public import Database

/// A queue that is the database's table alone. Who waits is woken by `NOTIFY` while ``listen()`` runs, and looks by itself every few
/// seconds: for jobs that were given back for later, and leases that have run out.
public final class PostgresJobQueue: JobQueue {
    public let lease: Duration
    private let jobs: JobRepository
    private let listener: Listener
    // Several rings that nobody took are one.
    private let bell = Broadcast<Listener.Channel, Void>(buffer: 1)

    /// How long somebody waits before they look by themselves.
    private static let pause = Duration.seconds(5)

    /// - Parameters:
    ///   - pool: for claims.
    ///   - settings: for a connection that listens.
    ///   - lease: how long a claim is good for that is not renewed.
    public init(_ pool: ConnectionPool, _ settings: DatabaseSettings, lease: Duration = .seconds(60)) {
        jobs = JobRepository(pool)
        listener = Listener(settings, channels: [JobRepository.announcements])
        self.lease = lease
    }

    /// Hears of new jobs until the task is cancelled.
    public func listen() async { await listener.run { _ in bell.send((), to: JobRepository.announcements) } }

    public func claim(waiting patience: Duration) async throws -> Job? {
        let deadline = ContinuousClock.now + patience
        while true {
            // Before looking: what is said meanwhile is not missed.
            let rings = bell.subscribe(to: JobRepository.announcements)
            if let job = try await jobs.claim(for: lease) { return job }
            let left = deadline - .now
            guard left > .zero, !Task.isCancelled else { return nil }
            await withTaskGroup { group in
                group.addTask { for await _ in rings.elements { break } }
                group.addTask { try? await Task.sleep(for: min(left, Self.pause)) }
                await group.next()
                group.cancelAll()
            }
        }
    }

    /// Claims a job that somebody was told of.
    ///
    /// - Returns: nil where it is done, or somebody else's.
    public func claim(_ id: JobID) async throws -> Job? { try await jobs.claim(id, for: lease) }

    public func renew(_ job: Job, progress: Double) async throws -> Bool {
        try await jobs.renew(job, for: lease, progress: progress)
    }

    public func finish(_ job: Job, with result: JobRepository.Result) async throws -> [String]? {
        try await jobs.finish(job, with: result)
    }

    public func fail(_ job: Job, _ failure: Video.Failure) async throws -> Bool { try await jobs.fail(job, failure) }

    public func giveBack(
        _ job: Job, after pause: Duration, _ charge: JobRepository.Charge, _ failure: Video.Failure
    ) async throws -> Bool {
        try await jobs.giveBack(job, after: pause, charge, failure)
    }
}
