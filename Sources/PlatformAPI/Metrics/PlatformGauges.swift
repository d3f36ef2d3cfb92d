public import CoreMetrics
public import Database
public import Logging
public import ServiceLifecycle

/// Measures, time and again, what nobody asks for: connections, who watches, and what waits for workers.
public struct PlatformGauges: Service {
    private let pool: ConnectionPool
    private let jobs: JobRepository
    private let events: VideoEvents
    private let metrics: any MetricsFactory
    private let logger: Logger

    private static let pause = Duration.seconds(15)

    public init(database pool: ConnectionPool, events: VideoEvents, metrics: any MetricsFactory, logger: Logger) {
        self.pool = pool
        self.events = events
        self.metrics = metrics
        self.logger = logger
        jobs = JobRepository(pool)
    }

    /// Goes on until it is told to stop.
    public func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await measure()
                try? await Task.sleep(for: Self.pause)
            }
        }
    }

    func measure() async {
        let use = await pool.use
        set("database.connections", use.open, ("state", "open"))
        set("database.connections", use.idle, ("state", "idle"))
        set("database.waiting", use.waiting)
        set("events.watchers", events.watchers)
        do {
            let backlog = try await jobs.backlog()
            set("queue.jobs", backlog.waiting, ("state", "waiting"))
            set("queue.jobs", backlog.running, ("state", "running"))
            Meter(label: "queue.age.seconds", factory: metrics).set(backlog.age / .seconds(1))
        } catch {
            logger.warning("the queue was not measured", metadata: ["error": "\(error)"])
        }
    }

    private func set(_ label: String, _ value: Int, _ dimensions: (String, String)...) {
        Meter(label: label, dimensions: dimensions, factory: metrics).set(value)
    }
}
