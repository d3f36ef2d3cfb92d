public import Database
public import Logging
public import ServiceLifecycle
public import Storage

/// Tells an SQS queue of jobs that wait. They are rows that were written with their uploads: whatever happens to this program or to the
/// queue, each is told of in the end; being told twice does no harm.
public struct JobAnnouncer: Service {
    private let jobs: JobRepository
    private let queue: SQSQueue
    private let logger: Logger

    /// How often it is looked for new jobs.
    private static let pause = Duration.milliseconds(500)
    /// After what time a message may be lost: the visibility timeout, and a minute.
    private static let age = Duration.seconds(960 + 60)

    public init(database pool: ConnectionPool, queue: SQSQueue, logger: Logger) {
        jobs = JobRepository(pool)
        self.queue = queue
        self.logger = logger
    }

    /// Goes on until it is told to stop.
    public func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                var told = 0
                do { told = try await announce() } catch {
                    logger.warning("jobs were not announced", metadata: ["error": "\(error)"])
                }
                if told < SQSQueue.batch { try? await Task.sleep(for: Self.pause) }
            }
        }
    }

    /// Tells of some.
    ///
    /// - Returns: how many.
    func announce() async throws -> Int {
        try await jobs.announce(again: Self.age) { try await queue.send($0.map { JobMessage(job: $0).text }) }
    }
}
