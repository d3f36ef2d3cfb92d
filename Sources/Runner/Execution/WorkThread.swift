import Glibc
import Synchronization

/// A thread for work that blocks.
///
/// Not a dispatch queue: those share a pool of limited size, in which the tasks of many runs, each waiting for another,
/// could take up all threads.
package final class WorkThread: Sendable {
    private let work: Mutex<(@Sendable () -> Void)?>
    private let completion: @Sendable () -> Void

    private init(_ work: @escaping @Sendable () -> Void, _ completion: @escaping @Sendable () -> Void) {
        self.work = Mutex(work)
        self.completion = completion
    }

    /// Starts a thread that does a piece of work and then ends.
    ///
    /// - Parameters:
    ///   - name: what the error calls it.
    ///   - completion: called on the thread after the work, when all that the work held is gone.
    /// - Throws: ``RunError/fault(_:)`` where the system has no more threads; then neither is called.
    package static func start(
        _ name: String, _ work: @escaping @Sendable () -> Void, then completion: @escaping @Sendable () -> Void
    ) throws(RunError) {
        let thread = Unmanaged.passRetained(WorkThread(work, completion))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var identifier = pthread_t()
        let result = pthread_create(
            &identifier, &attributes,
            { argument in
                guard let argument else { return nil }
                Unmanaged<WorkThread>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, thread.toOpaque())
        guard result == 0 else {
            thread.release()
            throw .fault("the system has no thread left for '\(name)' (errno \(result))")
        }
    }

    /// Has this thread step back where others want the processor: it works in their pauses, and when they wait for it.
    ///
    /// Threads that it starts from then on do so too.
    static func stepBack() { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10) }

    private func run() {
        doWork()
        completion()
    }

    /// Takes the work, so that it is gone at the end of this scope.
    private func doWork() {
        let work = work.withLock { work in
            defer { work = nil }
            return work
        }
        work?()
    }
}
