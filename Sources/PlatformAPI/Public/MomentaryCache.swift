import Synchronization

/// Keeps for a moment what is the same for everybody, and has it made once, however many ask for it at the same time.
final class MomentaryCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        var task: Task<Value, any Error>
        var end: ContinuousClock.Instant
    }

    private let entries = Mutex<[Key: Entry]>([:])
    private let lifetime: Duration
    private let limit: Int

    /// - Parameters:
    ///   - lifetime: how old a value may become.
    ///   - limit: how many are kept at the most.
    init(lifetime: Duration = .seconds(1), limit: Int = 1000) {
        self.lifetime = lifetime
        self.limit = limit
    }

    /// The value under a key, made where there is none that is young enough.
    func value(for key: Key, make: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let now = ContinuousClock.now
        let task = entries.withLock { entries in
            if let entry = entries[key], entry.end > now { return entry.task }
            if entries.count >= limit { entries = entries.filter { $0.value.end > now } }
            // Who asks for a thousand things a second is not helped by keeping them.
            if entries.count >= limit { entries.removeAll() }
            let task = Task { try await make() }
            entries[key] = Entry(task: task, end: now + lifetime)
            return task
        }
        do { return try await task.value } catch {
            entries.withLock { if $0[key]?.task == task { $0[key] = nil } }
            throw error
        }
    }

    /// Forgets all of them: something has changed.
    func forget() { entries.withLock { $0.removeAll() } }
}
