import Database
import FoundationEssentials
import Synchronization

/// Open event streams, bounded per user; each ends when its token is revoked.
final class OpenStreams: Sendable {
    /// An open stream, until it is released.
    final class Lease: Sendable {
        private let streams: OpenStreams
        private let number: Int
        private let slot: Slots<UserID>.Slot

        fileprivate init(_ streams: OpenStreams, _ number: Int, _ slot: Slots<UserID>.Slot) {
            self.streams = streams
            self.number = number
            self.slot = slot
        }

        deinit { streams.close(number) }
    }

    private struct Stream {
        var token: UUID
        var end: @Sendable () -> Void
    }

    private struct State {
        var next = 0
        var streams: [Int: Stream] = [:]
    }

    private let users = Slots<UserID>()
    private let state = Mutex(State())

    /// Opens a stream.
    ///
    /// - Parameters:
    ///   - limit: maximum number of streams per user.
    ///   - end: ends it; called when the token is revoked.
    /// - Throws: ``APIError/streams(_:)``.
    func open(
        by user: UserID, with token: UUID, limit: Int, end: @escaping @Sendable () -> Void
    ) throws(APIError) -> Lease {
        guard let slot = users.take(user, limit: limit) else { throw .streams(limit) }
        let number = state.withLock { state in
            state.next += 1
            state.streams[state.next] = Stream(token: token, end: end)
            return state.next
        }
        return Lease(self, number, slot)
    }

    /// Ends the streams of tokens.
    func end(_ tokens: Set<UUID>) {
        let ends = state.withLock { $0.streams.values.filter { tokens.contains($0.token) }.map(\.end) }
        for end in ends { end() }
    }

    /// Tokens of the open streams.
    var tokens: Set<UUID> { state.withLock { Set($0.streams.values.map(\.token)) } }

    private func close(_ number: Int) { state.withLock { state in state.streams[number] = nil } }
}
