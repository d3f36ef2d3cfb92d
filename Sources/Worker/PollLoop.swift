import Database
public import Logging
public import ServiceLifecycle
public import Storage

/// Takes jobs from a queue and has them done, one after the other, until it is told to stop: what is being done then is given back.
public struct PollLoop: Service {
    private let worker: Worker
    private let queue: any JobQueue
    private let width: Int
    private let logger: Logger

    /// How long it waits for a job before it looks whether to stop.
    private static let patience = Duration.seconds(20)
    /// How often what killed workers left behind is removed.
    private static let clearing = Duration.seconds(3600)
    /// How long it waits for a database that is away.
    private static let pause = Duration.seconds(1)

    /// - Parameter width: how many jobs are done at once. One keeps every processor busy.
    public init(_ worker: Worker, _ queue: any JobQueue, width: Int = 1, logger: Logger) {
        self.worker = worker
        self.queue = queue
        self.width = width
        self.logger = logger
    }

    public func run() async {
        worker.clear()
        worker.warmUp()
        defer { worker.stop() }
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await queue.listen() }
                group.addTask {
                    while (try? await Task.sleep(for: Self.clearing)) != nil { worker.clear() }
                }
                for _ in 0..<width { group.addTask { await take() } }
            }
        }
    }

    private func take() async {
        while !Task.isCancelled {
            do {
                if let job = try await queue.claim(waiting: Self.patience) { await worker.perform(job) }
            } catch {
                guard !Task.isCancelled else { return }
                logger.warning("no job could be claimed", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: Self.pause)
            }
        }
    }
}
