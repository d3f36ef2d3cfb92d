import Dispatch
import Synchronization

/// A value behind a lock, and threads that wait until it changes.
final class Monitor<State: Sendable>: Sendable {
    private struct Guarded {
        var state: State
        var waiters: [DispatchSemaphore] = []

        mutating func takeWaiters() -> [DispatchSemaphore] {
            defer { waiters.removeAll(keepingCapacity: true) }
            return waiters
        }
    }

    private let guarded: Mutex<Guarded>

    /// A value that is watched.
    init(_ state: State) { guarded = Mutex(Guarded(state: state)) }

    /// Changes the value and has every waiting thread look again.
    func update(_ change: (inout State) -> Void) {
        let waiters = guarded.withLock { guarded in
            change(&guarded.state)
            return guarded.takeWaiters()
        }
        for waiter in waiters { waiter.signal() }
    }

    /// Tries until an attempt gives something, waiting for a change of the value between attempts.
    ///
    /// An attempt that gives something counts as a change; one that gives nothing must leave the value as it was.
    func wait<Result: Sendable>(until attempt: (inout State) -> Result?) -> Result {
        while true {
            let change = DispatchSemaphore(value: 0)
            let (result, waiters) = guarded.withLock { guarded -> (Result?, [DispatchSemaphore]) in
                guard let result = attempt(&guarded.state) else {
                    guarded.waiters.append(change)
                    return (nil, [])
                }
                return (result, guarded.takeWaiters())
            }
            for waiter in waiters { waiter.signal() }
            if let result { return result }
            change.wait()
        }
    }
}
