public import Database
import FoundationEssentials
public import Logging
public import ServiceLifecycle
public import Storage

/// What is done time and again, whatever is asked for: places are counted anew where votes have changed, and what is past is forgotten.
public struct Maintenance: Service {
    private let rankings: RankingRepository
    private let tokens: TokenRepository
    private let attempts: AttemptRepository
    private let jobs: JobRepository
    private let store: StoreSweep
    private let rankingAge: Duration
    private let logger: Logger

    /// How often it is looked whether votes have changed.
    private static let look = Duration.seconds(2)
    /// How often what is past is swept.
    private static let pause = Duration.seconds(60)
    /// How often the store is swept.
    private static let storePause = Duration.seconds(3600)

    /// - Parameter rankingAge: how old places may become, and must be before they are counted anew.
    public init(
        database pool: ConnectionPool, store: any ObjectStore, rankingAge: Duration = .seconds(60), logger: Logger
    ) {
        rankings = RankingRepository(pool)
        tokens = TokenRepository(pool)
        attempts = AttemptRepository(pool)
        jobs = JobRepository(pool)
        self.store = StoreSweep(VideoRepository(pool), store, logger: logger)
        self.rankingAge = rankingAge
        self.logger = logger
    }

    /// Goes on until it is told to stop.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask {
                    var changes: Int?
                    await repeating(every: Self.look) { changes = try await count(after: changes) }
                }
                group.addTask { await repeating(every: Self.pause) { try await sweep() } }
                group.addTask { await repeating(every: Self.storePause) { try await store.sweep(at: Date()) } }
            }
        }
    }

    private func repeating(every pause: Duration, _ work: () async throws -> Void) async {
        while !Task.isCancelled {
            do { try await work() } catch {
                logger.warning("maintenance failed", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: pause)
        }
    }

    /// Counts places anew where something has changed, and they are old enough.
    ///
    /// - Parameter changes: what the last time gave back.
    func count(after changes: Int?) async throws -> Int? {
        let now = try await rankings.changes()
        guard now != changes else { return changes }
        return try await rankings.refresh(olderThan: rankingAge) ? now : changes
    }

    /// Forgets what is past.
    func sweep() async throws {
        let (expired, past, lost) = (
            try await tokens.sweep(), try await attempts.sweep(), try await jobs.sweep(.interrupted)
        )
        if expired + past + lost > 0 {
            logger.info("swept", metadata: ["tokens": "\(expired)", "attempts": "\(past)", "jobs": "\(lost)"])
        }
    }
}
