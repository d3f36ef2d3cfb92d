/// A run under way.
///
/// Every step has a thread of its own, with bounded queues between them: one a file that is read, one a stream that is
/// decoded, one for the filter graph, one a stream that is encoded. The graph asks for the frames that it needs, so that
/// what it does not ask for is never decoded.
public final class Run: Sendable {
    /// How far the run is, some ten times a second; ends with the run.
    public let progress: AsyncStream<RunProgress>

    private let job: RunJob
    private let outcome = Outcome<RunReport>()

    init(_ job: RunJob, progress: AsyncStream<RunProgress>) {
        self.job = job
        self.progress = progress
    }

    /// Starts the threads. Called once.
    ///
    /// - Throws: ``RunError/fault(_:)`` where the system has none left.
    func start() throws(RunError) {
        try WorkThread.start("run") { [job, outcome] in
            outcome.end(job.perform())
        } then: { [outcome] in
            outcome.release()
        }
    }

    /// Waits for the end. Cancelling the task that waits cancels the run.
    ///
    /// - Throws: ``RunError``; then no output file is there, and one that was there before is as it was.
    public func report() async throws(RunError) -> RunReport {
        await withTaskCancellationHandler {
            await outcome.wait()
        } onCancel: {
            job.cancel()
        }
        return try outcome.result.get()
    }

    /// Ends the run early; ``report()`` then throws ``RunError/cancelled``.
    public func cancel() { job.cancel() }
}
