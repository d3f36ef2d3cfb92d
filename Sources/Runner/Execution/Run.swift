import Synchronization

/// A run under way.
///
/// Every step has a thread of its own, with bounded queues between them: one a file that is read, one a stream that is
/// decoded, one for the filter graph, one a stream that is encoded. The graph asks for the frames that it needs, so that
/// what it does not ask for is never decoded.
public final class Run: Sendable {
    /// How far the run is, some ten times a second; ends with the run.
    public let progress: AsyncStream<RunProgress>

    private let job: RunJob
    private let outcome = Mutex<Outcome>(.pending([]))

    private enum Outcome {
        case pending([CheckedContinuation<Result<RunReport, RunError>, Never>])
        case done(Result<RunReport, RunError>)
    }

    init(_ job: RunJob, progress: AsyncStream<RunProgress>) {
        self.job = job
        self.progress = progress
    }

    /// Starts the threads. Called once.
    ///
    /// - Throws: ``RunError/fault(_:)`` where the system has none left.
    func start() throws(RunError) {
        try WorkThread.start("run") { [self] in
            end(job.perform())
        } then: {
        }
    }

    private func end(_ result: Result<RunReport, RunError>) {
        let waiting = outcome.withLock { outcome in
            defer { outcome = .done(result) }
            if case .pending(let waiting) = outcome { return waiting } else { return [] }
        }
        for continuation in waiting { continuation.resume(returning: result) }
    }

    /// Waits for the end. Cancelling the task that waits cancels the run.
    ///
    /// - Throws: ``RunError``; then no output file is there, and one that was there before is as it was.
    public func report() async throws(RunError) -> RunReport {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let done: Result<RunReport, RunError>? = outcome.withLock { outcome in
                    switch outcome {
                    case .done(let result): return result
                    case .pending(let waiting):
                        outcome = .pending(waiting + [continuation])
                        return nil
                    }
                }
                if let done { continuation.resume(returning: done) }
            }
        } onCancel: {
            job.cancel()
        }
        return try result.get()
    }

    /// Ends the run early; ``report()`` then throws ``RunError/cancelled``.
    public func cancel() { job.cancel() }
}
