import Dispatch
import Glibc
import GraphDSL

/// Watches over a job's time and memory from a thread of its own.
final class Watchdog: Sendable {
    private let end = DispatchSemaphore(value: 0)

    /// Begins to watch.
    ///
    /// - Parameter bite: gets what went over its limit, once, and ends the job.
    /// - Throws: ``RunError/fault(_:)`` where the system has no thread for it.
    init(_ limits: Limits, bite: @escaping @Sendable (RunError) -> Void) throws(RunError) {
        let begin = ContinuousClock.now
        try WorkThread.start("watchdog") { [end] in
            // Twenty times a second: between two looks libav can fill some 200 MB at most.
            while end.wait(timeout: .now() + .milliseconds(50)) == .timedOut {
                if (ContinuousClock.now - begin).seconds > limits.time.value {
                    return bite(.tookTooLong(limit: limits.time))
                }
                if Self.residentBytes > limits.memory { return bite(.tooMuchMemory(limit: limits.memory)) }
            }
        } then: {
        }
    }

    /// Watches no more.
    func stop() { end.signal() }

    /// The memory that this process holds: the second number of `/proc/self/statm`, in pages (proc(5)).
    private static var residentBytes: Int {
        let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 128)
        let count = read(descriptor, &buffer, buffer.count)
        let pages = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
        return pages.count > 1 ? (Int(pages[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }
}
