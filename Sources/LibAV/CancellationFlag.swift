import Synchronization

/// Tells libav's blocking calls, from another thread, to give up.
public final class CancellationFlag: Sendable {
    private let flag = Atomic(false)

    /// A flag that is not raised.
    public init() {}

    /// Whether the flag is raised.
    public var isCancelled: Bool { flag.load(ordering: .acquiring) }

    /// Raises the flag, for good.
    public func cancel() { flag.store(true, ordering: .releasing) }
}
