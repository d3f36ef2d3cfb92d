import Synchronization

/// Bounds how much work is done at a time. Clients that wait are served round robin, so that one with much work delays its own.
public final class FairQueue: Sendable {
    /// Why work is not begun.
    public enum Refusal: Error, Hashable, Sendable {
        /// Too much waits, in all or of this client.
        case full
        /// The task was cancelled while it waited.
        case cancelled
    }

    /// A piece of work that waits; identity alone counts.
    private final class Waiter: Sendable {
        let isCancelled = Atomic(false)
    }

    private typealias Answer = CheckedContinuation<Refusal?, Never>

    private struct Waiting {
        var waiter: Waiter
        var answer: Answer
    }

    private struct State {
        var free: Int
        var count = 0
        var waiting: [String: [Waiting]] = [:]
        /// The clients that wait, the next one first.
        var order: [String] = []
    }

    private let state: Mutex<State>
    private let limit: Int
    private let clientLimit: Int

    /// - Parameters:
    ///   - width: the number of pieces of work done at a time.
    ///   - limit: the most that wait.
    ///   - clientLimit: the most that wait of one client; nil for as many as of all.
    public init(width: Int, limit: Int, clientLimit: Int? = nil) {
        state = Mutex(State(free: width))
        self.limit = limit
        self.clientLimit = clientLimit ?? limit
    }

    /// The number of further pieces of work that would begin at once.
    package var free: Int { state.withLock { $0.free } }

    /// The number of pieces of work that wait.
    package var waiting: Int { state.withLock { $0.count } }

    /// Does a piece of work when its client's turn has come.
    ///
    /// - Throws: ``Refusal``; whatever `work` throws.
    public func run<Result>(for client: String, _ work: () async throws -> Result) async throws -> Result {
        try await enter(for: client)
        defer { leave() }
        return try await work()
    }

    /// Waits until a client may begin a piece of work. ``leave()`` ends it.
    ///
    /// - Throws: ``Refusal``: nothing has begun, and ``leave()`` must not be called.
    public func enter(for client: String) async throws(Refusal) {
        let waiter = Waiter()
        let refusal = await withTaskCancellationHandler {
            await withCheckedContinuation { (answer: Answer) in
                let decided: Refusal?? = state.withLock { state in
                    // Read under the lock that the canceller takes after it has written.
                    if waiter.isCancelled.load(ordering: .acquiring) { return .some(.cancelled) }
                    if state.free > 0 {
                        state.free -= 1
                        return .some(nil)
                    }
                    let own = state.waiting[client]?.count ?? 0
                    guard state.count < limit, own < clientLimit else { return .some(.full) }
                    if own == 0 { state.order.append(client) }
                    state.waiting[client, default: []].append(Waiting(waiter: waiter, answer: answer))
                    state.count += 1
                    return nil
                }
                if let decided { answer.resume(returning: decided) }
            }
        } onCancel: {
            waiter.isCancelled.store(true, ordering: .releasing)
            let answer = state.withLock { state -> Answer? in
                guard let index = state.waiting[client]?.firstIndex(where: { $0.waiter === waiter }) else { return nil }
                return Self.remove(index, of: client, &state)
            }
            answer?.resume(returning: .cancelled)
        }
        if let refusal { throw refusal }
    }

    /// Ends a piece of work, so that the next client's begins.
    public func leave() {
        let next = state.withLock { state -> Answer? in
            guard let client = state.order.first else {
                state.free += 1
                return nil
            }
            let next = Self.remove(0, of: client, &state)
            if state.waiting[client] != nil { state.order.append(state.order.removeFirst()) }
            return next
        }
        next?.resume(returning: nil)
    }

    private static func remove(_ index: Int, of client: String, _ state: inout State) -> Answer? {
        let removed = state.waiting[client]?.remove(at: index)
        state.count -= 1
        if state.waiting[client]?.isEmpty == true {
            state.waiting[client] = nil
            state.order.removeAll { $0 == client }
        }
        return removed?.answer
    }
}
