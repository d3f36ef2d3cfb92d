import NIOCore
import Synchronization

/// Since when a connection is idle. Set for each request, so without a lock.
final class IdleClock: Sendable {
    /// 0 while a request is in progress.
    private let nanoseconds: Atomic<UInt64>

    init(since: NIODeadline) { nanoseconds = Atomic(since.uptimeNanoseconds) }

    /// Start of the idle time; nil while a request is in progress.
    var since: NIODeadline? {
        get {
            let value = nanoseconds.load(ordering: .relaxed)
            return value == 0 ? nil : .uptimeNanoseconds(value)
        }
        set { nanoseconds.store(newValue?.uptimeNanoseconds ?? 0, ordering: .relaxed) }
    }
}
