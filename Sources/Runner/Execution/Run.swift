import Synchronization

/// A run under way.
///
/// Every step has a thread of its own, with bounded queues between them: one a file that is read, one a stream that is
/// decoded, one for the filter graph, one a stream that is encoded. The graph asks for the frames that it needs, so that
/// what it does not ask for is never decoded.
public final class Run: Sendable {
    /// How far the run is, some ten times a second; ends with the run.
    public let progress: AsyncStream<RunProgress>

    private struct State {
        var job: RunJob
        var isCancelled = false
    }

    private let state: Mutex<State>
    private let other: (@Sendable (RunJob.Refusal) throws(RunError) -> RunJob)?
    private let outcome = Outcome<RunReport>()

    /// - Parameters:
    ///   - job: what runs.
    ///   - other: makes what runs in its place where it cannot go as planned.
    init(
        _ job: RunJob, progress: AsyncStream<RunProgress>,
        other: (@Sendable (RunJob.Refusal) throws(RunError) -> RunJob)? = nil
    ) {
        state = Mutex(State(job: job))
        self.progress = progress
        self.other = other
    }

    /// Starts the threads. Called once.
    ///
    /// - Throws: ``RunError/fault(_:)`` where the system has none left.
    func start() throws(RunError) {
        try WorkThread.start("run") { [self] in
            outcome.end(perform())
        } then: { [outcome] in
            outcome.release()
        }
    }

    /// Runs to the end. Blocks; called in place of ``start()``.
    func perform() -> Result<RunReport, RunError> {
        var job = state.withLock(\.job)
        while true {
            let result = job.perform()
            guard let refusal = job.refusal, let other else { return result }
            do throws(RunError) { job = try other(refusal) } catch { return .failure(error) }
            if case .packets(let reason) = refusal {
                job.warn("the clip's packets were not passed on, the picture was encoded: \(reason.rawValue)")
            }
            let isCancelled = state.withLock { [job] state in
                state.job = job
                return state.isCancelled
            }
            if isCancelled { job.cancel() }
        }
    }

    /// Waits for the end. Cancelling the task that waits cancels the run.
    ///
    /// - Throws: ``RunError``; then no output file is there, and one that was there before is as it was.
    public func report() async throws(RunError) -> RunReport {
        await withTaskCancellationHandler {
            await outcome.wait()
        } onCancel: {
            cancel()
        }
        return try outcome.result.get()
    }

    /// Ends the run early; ``report()`` then throws ``RunError/cancelled``.
    public func cancel() {
        let job = state.withLock { state in
            state.isCancelled = true
            return state.job
        }
        job.cancel()
    }
}
