import Dispatch
import LibAV
import Synchronization

/// Where the frames go that leave the filter graph.
protocol FrameSink: Sendable {
    /// Starts the threads that take frames.
    func start(in group: DispatchGroup)
    /// Takes a frame of an output of the graph.
    ///
    /// - Returns: whether more are wanted.
    func push(_ frame: Frame, to index: Int) -> Bool
    /// Says that no more frames come.
    func finish()
    /// Whether no more are wanted, though none may have come lately.
    var hasEnough: Bool { get }
}

extension FrameSink {
    var hasEnough: Bool { false }
}

/// Counts the pictures and keeps nothing: a run that only shows whether a plan works.
final class FrameCounter: FrameSink {
    private let wanted: Int
    private let job: RunJob
    private let count = Mutex(0)

    /// A counter that has enough after so many pictures.
    init(_ wanted: Int, job: RunJob) {
        self.wanted = wanted
        self.job = job
    }

    func start(in group: DispatchGroup) {}

    func push(_ frame: Frame, to index: Int) -> Bool {
        guard frame.width > 0 else { return true }
        return count.withLock { count in
            count += 1
            return count < wanted
        }
    }

    func finish() { job.complete(frames: count.withLock(\.self)) }
}
