import Database
import Synchronization

/// Bounds how many of something a user has at a time, on this server.
final class UserSlots: Sendable {
    /// One of them, until it is released.
    final class Slot: Sendable {
        private let slots: UserSlots
        private let user: UserID

        fileprivate init(_ slots: UserSlots, _ user: UserID) {
            self.slots = slots
            self.user = user
        }

        deinit { slots.release(user) }
    }

    private let counts = Mutex<[UserID: Int]>([:])

    /// Takes a slot; nil if the user has `limit` already.
    func take(_ user: UserID, limit: Int) -> Slot? {
        let isTaken = counts.withLock { counts in
            guard counts[user, default: 0] < limit else { return false }
            counts[user, default: 0] += 1
            return true
        }
        return isTaken ? Slot(self, user) : nil
    }

    private func release(_ user: UserID) {
        counts.withLock { counts in
            counts[user, default: 1] -= 1
            if counts[user] == 0 { counts[user] = nil }
        }
    }
}
