import Synchronization

/// How a piece of work ends, and who waits for it.
///
/// Noting a result and letting the waiters go on are two steps, and the result is not handed over but fetched: so a
/// waiter goes on when the work's thread has let go of all that the work held, its result included.
final class Outcome<Value: Sendable>: Sendable {
    private struct State {
        var result: Result<Value, RunError>?
        var isReleased = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Notes a result; the first one counts.
    func end(_ result: Result<Value, RunError>) { state.withLock { if $0.result == nil { $0.result = result } } }

    /// Has all who wait, now or later, go on.
    func release() {
        let waiters = state.withLock { state in
            state.isReleased = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits for the end.
    func wait() async {
        await withCheckedContinuation { waiter in
            let isReleased = state.withLock { state in
                if !state.isReleased { state.waiters.append(waiter) }
                return state.isReleased
            }
            if isReleased { waiter.resume() }
        }
    }

    /// The result.
    var result: Result<Value, RunError> { state.withLock { $0.result } ?? Self.none }

    /// The result, which is then kept here no longer.
    func take() -> Result<Value, RunError> {
        state.withLock { state in
            defer { state.result = nil }
            return state.result
        } ?? Self.none
    }

    private static var none: Result<Value, RunError> { .failure(.fault("a piece of work ended without a result")) }
}
