import Dispatch
import LibAV
import Synchronization

/// Hands the pictures that leave a filter graph to another thread.
final class FrameHandover: Sendable {
    /// The pictures, in order.
    let frames = BoundedQueue<Frame>(capacity: 3)

    /// The place where a job's frames go.
    func sink(_ job: RunJob) -> any FrameSink {
        job.onEnd { [frames] in frames.close() }
        return Sink(frames: frames, job: job)
    }

    private final class Sink: FrameSink {
        private let frames: BoundedQueue<Frame>
        private let job: RunJob
        private let count = Mutex(0)

        init(frames: BoundedQueue<Frame>, job: RunJob) {
            self.frames = frames
            self.job = job
        }

        func start(in group: DispatchGroup) {}

        func push(_ frame: Frame, to index: Int) -> Bool {
            guard frame.width > 0 else { return true }
            count.withLock { $0 += 1 }
            return frames.push(frame)
        }

        func finish() {
            frames.finish()
            job.complete(frames: count.withLock(\.self))
        }
    }
}
