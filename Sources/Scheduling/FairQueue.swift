import Synchronization

/// Bounded queue with a fixed number of concurrent jobs. The client that has used the least time goes first, so a client with many or long
/// jobs delays only its own.
///
/// Start-time fair queueing (Goyal, Vin and Cheng 1996) with the jobs' durations as their costs: a client's tag is the time that it has used
/// while the queue was busy, and never less than the tag of the job that started last.
public final class FairQueue: Sendable {
    /// Why a job does not start.
    public enum Refusal: Error, Hashable, Sendable {
        /// The queue, or this client's share of it, is full.
        case full
        /// The task was cancelled while it waited.
        case cancelled
    }

    /// Identity of one wait.
    private final class Waiter: Sendable {
        let isCancelled = Atomic(false)
    }

    private typealias Answer = CheckedContinuation<Result<Slot, Refusal>, Never>

    /// The right to run one job.
    public struct Slot: Sendable {
        fileprivate var client: String
        fileprivate var tag: Double
        fileprivate var begin: ContinuousClock.Instant
    }

    private struct Waiting {
        var waiter: Waiter
        var answer: Answer
        /// Order of arrival.
        var number: Int
    }

    private struct Client {
        var waiting: [Waiting] = []
        /// Tag after its finished jobs, in seconds.
        var tag = 0.0
        var running: [ContinuousClock.Instant] = []

        func tag(at now: ContinuousClock.Instant) -> Double {
            running.reduce(tag) { $0 + ($1.duration(to: now) / .seconds(1)) }
        }
    }

    private struct State {
        var free: Int
        var count = 0
        var next = 0
        /// Tag of the job that started last, in seconds.
        var tag = 0.0
        /// Clients since the queue was last empty.
        var clients: [String: Client] = [:]

        /// Starts a job of a client.
        mutating func start(_ client: String, at now: ContinuousClock.Instant) -> Slot {
            let own = max(tag, clients[client, default: Client()].tag(at: now))
            tag = own
            clients[client, default: Client()].running.append(now)
            return Slot(client: client, tag: own, begin: now)
        }
    }

    private let state: Mutex<State>
    private let width: Int
    private let limit: Int
    private let clientLimit: Int

    /// - Parameters:
    ///   - width: maximum number of concurrent jobs.
    ///   - limit: queue capacity, in jobs.
    ///   - clientLimit: queue capacity per client; nil for `limit`.
    public init(width: Int, limit: Int, clientLimit: Int? = nil) {
        state = Mutex(State(free: width))
        self.width = width
        self.limit = limit
        self.clientLimit = clientLimit ?? limit
    }

    /// Number of jobs that would start at once.
    package var free: Int { state.withLock { $0.free } }

    /// Number of waiting jobs.
    package var waiting: Int { state.withLock { $0.count } }

    /// Runs a job when its client's turn has come.
    ///
    /// - Throws: ``Refusal``; whatever `work` throws.
    public func run<Result>(for client: String, _ work: () async throws -> Result) async throws -> Result {
        let slot = try await enter(for: client)
        defer { leave(slot) }
        return try await work()
    }

    /// Waits for a slot; release it with ``leave(_:)``.
    ///
    /// - Throws: ``Refusal``: no slot was taken.
    public func enter(for client: String) async throws(Refusal) -> Slot {
        let waiter = Waiter()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (answer: Answer) in
                let decided: Result<Slot, Refusal>? = state.withLock { state in
                    // Read under the lock that the canceller takes after it has written.
                    if waiter.isCancelled.load(ordering: .acquiring) { return .failure(.cancelled) }
                    if state.free > 0 {
                        state.free -= 1
                        return .success(state.start(client, at: .now))
                    }
                    let own = state.clients[client]?.waiting.count ?? 0
                    guard state.count < limit, own < clientLimit else { return .failure(.full) }
                    state.next += 1
                    state.clients[client, default: Client()].waiting.append(
                        Waiting(waiter: waiter, answer: answer, number: state.next))
                    state.count += 1
                    return nil
                }
                if let decided { answer.resume(returning: decided) }
            }
        } onCancel: {
            waiter.isCancelled.store(true, ordering: .releasing)
            let answer = state.withLock { state -> Answer? in
                guard let index = state.clients[client]?.waiting.firstIndex(where: { $0.waiter === waiter }) else {
                    return nil
                }
                state.count -= 1
                return state.clients[client]?.waiting.remove(at: index).answer
            }
            answer?.resume(returning: .failure(.cancelled))
        }
        return try result.get()
    }

    /// Releases a slot, so that the next client's job starts.
    public func leave(_ slot: Slot) {
        let now = ContinuousClock.now
        let next = state.withLock { state -> (Answer, Slot)? in
            if var own = state.clients[slot.client] {
                if let index = own.running.firstIndex(of: slot.begin) { own.running.remove(at: index) }
                own.tag = max(own.tag, slot.tag) + max(slot.begin.duration(to: now) / .seconds(1), Self.leastCost)
                state.clients[slot.client] = own
            }
            let waiting = state.clients.compactMap { name, client in
                client.waiting.first.map { (name, max(state.tag, client.tag(at: now)), $0.number) }
            }
            guard let (client, _, _) = waiting.min(by: { ($0.1, $0.2) < ($1.1, $1.2) }) else {
                state.free += 1
                // Nothing is left to be fair about.
                if state.free == width || state.clients.count > Self.mostClients {
                    state.clients = state.clients.filter { !$1.running.isEmpty }
                }
                if state.free == width { state.tag = 0 }
                return nil
            }
            state.count -= 1
            guard let first = state.clients[client]?.waiting.removeFirst() else { return nil }
            return (first.answer, state.start(client, at: now))
        }
        if let (answer, slot) = next { answer.resume(returning: .success(slot)) }
    }

    /// Cost of a job whose duration the clock does not resolve, in seconds.
    private static let leastCost = 1e-6
    /// Number of clients above which those without jobs are forgotten.
    private static let mostClients = 10_000
}
