public import Database
public import Logging
public import ServiceLifecycle

/// What is done once a minute, whatever is asked for: places are counted anew, and what is past is forgotten.
public struct Maintenance: Service {
    private let rankings: RankingRepository
    private let tokens: TokenRepository
    private let attempts: AttemptRepository
    private let jobs: JobRepository
    private let logger: Logger

    private static let pause = Duration.seconds(60)

    public init(database pool: ConnectionPool, logger: Logger) {
        rankings = RankingRepository(pool)
        tokens = TokenRepository(pool)
        attempts = AttemptRepository(pool)
        jobs = JobRepository(pool)
        self.logger = logger
    }

    /// Goes on until it is told to stop.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var changes: Int?
            while !Task.isCancelled {
                do { changes = try await turn(after: changes) } catch {
                    logger.warning("maintenance failed", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: Self.pause)
            }
        }
    }

    /// Does it once.
    ///
    /// - Parameter changes: what the last time gave back: places are counted anew where something has changed since.
    func turn(after changes: Int?) async throws -> Int {
        let now = try await rankings.changes()
        if now != changes { try await rankings.refresh() }
        let (expired, past, lost) = (
            try await tokens.sweep(), try await attempts.sweep(), try await jobs.sweep(.interrupted)
        )
        if expired + past + lost > 0 {
            logger.info("swept", metadata: ["tokens": "\(expired)", "attempts": "\(past)", "jobs": "\(lost)"])
        }
        return now
    }
}
