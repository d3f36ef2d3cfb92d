import Database
import FoundationEssentials
import Synchronization

/// The event streams that are open: so many of a person at the most, each as long as its token is valid.
final class OpenStreams: Sendable {
    /// An open stream; it is closed when this is let go of.
    final class Lease: Sendable {
        private let streams: OpenStreams
        private let number: Int

        fileprivate init(_ streams: OpenStreams, _ number: Int) {
            self.streams = streams
            self.number = number
        }

        deinit { streams.close(number) }
    }

    private struct Stream {
        var user: UserID
        var token: UUID
        var end: @Sendable () -> Void
    }

    private struct State {
        var next = 0
        var streams: [Int: Stream] = [:]
        var users: [UserID: Int] = [:]
    }

    private let state = Mutex(State())

    /// Opens a stream.
    ///
    /// - Parameters:
    ///   - limit: the most of one person.
    ///   - end: ends it; called when the token is revoked.
    /// - Throws: ``APIError/streams(_:)``.
    func open(
        by user: UserID, with token: UUID, limit: Int, end: @escaping @Sendable () -> Void
    ) throws(APIError) -> Lease {
        let number: Int? = state.withLock { state in
            guard state.users[user, default: 0] < limit else { return nil }
            state.users[user, default: 0] += 1
            state.next += 1
            state.streams[state.next] = Stream(user: user, token: token, end: end)
            return state.next
        }
        guard let number else { throw .streams(limit) }
        return Lease(self, number)
    }

    /// Ends the streams of tokens.
    func end(_ tokens: Set<UUID>) {
        let ends = state.withLock { $0.streams.values.filter { tokens.contains($0.token) }.map(\.end) }
        for end in ends { end() }
    }

    /// The tokens that streams are open with.
    var tokens: Set<UUID> { state.withLock { Set($0.streams.values.map(\.token)) } }

    private func close(_ number: Int) {
        state.withLock { state in
            guard let stream = state.streams.removeValue(forKey: number) else { return }
            state.users[stream.user, default: 1] -= 1
            if state.users[stream.user] == 0 { state.users[stream.user] = nil }
        }
    }
}
