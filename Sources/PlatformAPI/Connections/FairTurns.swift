import Synchronization

/// Turns at work that only so much of may be done at a time. People take turns; who asks for much waits behind their own.
final class FairTurns: Sendable {
    /// Somebody who wants a turn; identity alone counts.
    private final class Waiter: Sendable {
        let isCancelled = Atomic(false)
    }

    private struct Waiting {
        var waiter: Waiter
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var free: Int
        var count = 0
        var waiting: [String: [Waiting]] = [:]
        /// Those who wait, in the order of their turns.
        var order: [String] = []
    }

    private let state: Mutex<State>
    private let limit: Int
    private let personLimit: Int

    /// - Parameters:
    ///   - width: the number of turns at a time.
    ///   - waiting: the most that wait, in all and of one person.
    init(width: Int, waiting: (total: Int, ofPerson: Int)) {
        state = Mutex(State(free: width))
        limit = waiting.total
        personLimit = waiting.ofPerson
    }

    /// Works when it is this person's turn.
    ///
    /// - Throws: ``APIError/busy`` if too many wait; `CancellationError`, without any work, if the task is cancelled; whatever `work` throws.
    func run<Result>(for person: String, _ work: () async throws -> Result) async throws -> Result {
        guard await take(person) else {
            try Task.checkCancellation()
            throw APIError.busy
        }
        defer { end() }
        return try await work()
    }

    /// The number of turns that nobody has.
    var free: Int { state.withLock { $0.free } }

    /// The number of those who wait.
    var waiting: Int { state.withLock { $0.count } }

    private func take(_ person: String) async -> Bool {
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
                    let own = state.waiting[person]?.count ?? 0
                    guard state.count < limit, own < personLimit else { return false }
                    if own == 0 { state.order.append(person) }
                    state.waiting[person, default: []].append(Waiting(waiter: waiter, continuation: continuation))
                    state.count += 1
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            waiter.isCancelled.store(true, ordering: .releasing)
            let continuation = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                guard let index = state.waiting[person]?.firstIndex(where: { $0.waiter === waiter }) else { return nil }
                return Self.remove(index, of: person, &state)
            }
            continuation?.resume(returning: false)
        }
    }

    private func end() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard let person = state.order.first else {
                state.free += 1
                return nil
            }
            let next = Self.remove(0, of: person, &state)
            if state.waiting[person] != nil { state.order.append(state.order.removeFirst()) }
            return next
        }
        next?.resume(returning: true)
    }

    private static func remove(
        _ index: Int, of person: String, _ state: inout State
    ) -> CheckedContinuation<Bool, Never>? {
        let removed = state.waiting[person]?.remove(at: index)
        state.count -= 1
        if state.waiting[person]?.isEmpty == true {
            state.waiting[person] = nil
            state.order.removeAll { $0 == person }
        }
        return removed?.continuation
    }
}
