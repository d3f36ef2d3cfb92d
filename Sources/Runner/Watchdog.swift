import Dispatch
import Glibc
import GraphDSL

/// Watches over a job's time and memory from a thread of its own.
final class Watchdog: Sendable {
    private let end = DispatchSemaphore(value: 0)
    private let gone = DispatchSemaphore(value: 0)

    /// How long a job that was told to end may take to do so: libav looks at the flag at every packet and frame.
    static let patience = 10.0

    /// Begins to watch.
    ///
    /// - Parameters:
    ///   - bite: gets what went over its limit, once, and tells the job to end.
    ///   - abandon: called where the job has not ended long after that: it never will, and is left behind.
    /// - Throws: ``RunError/fault(_:)`` where the system has no thread for it.
    init(
        _ limits: Limits, bite: @escaping @Sendable (RunError) -> Void, abandon: @escaping @Sendable () -> Void = {}
    ) throws(RunError) {
        let begin = ContinuousClock.now
        try WorkThread.start("watchdog") { [end] in
            // Twenty times a second: between two looks libav can fill some 200 MB at most.
            while end.wait(timeout: .now() + .milliseconds(50)) == .timedOut {
                let isLate = (ContinuousClock.now - begin).seconds > limits.time.value
                guard isLate || Self.residentBytes > limits.memory else { continue }
                bite(isLate ? .tookTooLong(limit: limits.time) : .tooMuchMemory(limit: limits.memory))
                if end.wait(timeout: .now() + Self.patience) == .timedOut { abandon() }
                return
            }
        } then: { [gone] in
            gone.signal()
        }
    }

    /// Watches no more.
    func stop() { end.signal() }

    /// Watches no more, and waits until the thread has let go of what it was given to call. Blocks.
    func join() {
        stop()
        gone.wait()
    }

    /// Open for as long as the process lasts: one that has locked itself in opens no file.
    private static let statistics = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)

    /// The memory that this process holds: the second number of `/proc/self/statm`, in pages (proc(5)).
    static var residentBytes: Int {
        var buffer = [UInt8](repeating: 0, count: 128)
        let count = pread(statistics, &buffer, buffer.count, 0)
        let pages = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
        return pages.count > 1 ? (Int(pages[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }
}
