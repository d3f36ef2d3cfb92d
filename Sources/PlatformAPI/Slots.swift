import Synchronization

/// Bounds how many of something there are at a time for each key, on this server.
final class Slots<Key: Hashable & Sendable>: Sendable {
    /// One of them, until it is released.
    final class Slot: Sendable {
        private let slots: Slots
        private let key: Key

        fileprivate init(_ slots: Slots, _ key: Key) {
            self.slots = slots
            self.key = key
        }

        deinit { slots.release(key) }
    }

    private let counts = Mutex<[Key: Int]>([:])

    /// Takes a slot; nil if there are `limit` already.
    func take(_ key: Key, limit: Int) -> Slot? {
        let isTaken = counts.withLock { counts in
            guard counts[key, default: 0] < limit else { return false }
            counts[key, default: 0] += 1
            return true
        }
        return isTaken ? Slot(self, key) : nil
    }

    private func release(_ key: Key) {
        counts.withLock { counts in
            counts[key, default: 1] -= 1
            if counts[key] == 0 { counts[key] = nil }
        }
    }
}
