import Synchronization

/// Turns at something that only so many may do at a time; who comes first has the first turn.
final class Turns: Sendable {
    /// Somebody who wants a turn; identity alone counts.
    private final class Waiter: Sendable {
        let isCancelled = Atomic(false)
    }

    private struct State {
        var free: Int
        var waiting: [(waiter: Waiter, continuation: CheckedContinuation<Bool, Never>)] = []
    }

    private let state: Mutex<State>
    private let longest: Int

    /// - Parameters:
    ///   - width: the number of turns at a time.
    ///   - longest: the most that wait.
    init(width: Int, longest: Int) {
        state = Mutex(State(free: width))
        self.longest = longest
    }

    /// Waits for a turn, which ``end()`` gives back.
    ///
    /// - Returns: false without a turn: the task was cancelled, or too many wait.
    func take() async -> Bool {
        let waiter = Waiter()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    // Read under the lock that the canceller takes after it has said so.
                    if waiter.isCancelled.load(ordering: .acquiring) { return false }
                    if state.free > 0 {
                        state.free -= 1
                        return true
                    }
                    guard state.waiting.count < longest else { return false }
                    state.waiting.append((waiter, continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            waiter.isCancelled.store(true, ordering: .releasing)
            let continuation = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                guard let index = state.waiting.firstIndex(where: { $0.waiter === waiter }) else { return nil }
                return state.waiting.remove(at: index).continuation
            }
            continuation?.resume(returning: false)
        }
    }

    /// Ends a turn.
    func end() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst().continuation
        }
        next?.resume(returning: true)
    }
}
