public import Database
import FoundationEssentials
public import ServiceLifecycle

/// Tells those who watch a video what becomes of it. However many watch, the database is asked once.
public final class VideoEvents: Service {
    /// What a watcher is told.
    enum Event: Sendable {
        /// How far the video is; nil where it is not there any more.
        case state(VideoState?)
        /// Nothing new: who is still there takes it.
        case silence
    }

    private let videos: VideoRepository
    private let tokens: TokenRepository
    private let listener: Listener
    /// Open event streams.
    let open = OpenStreams()
    // Who does not take so many is not there.
    private let broadcast = Broadcast<VideoID, Event>(buffer: 16)

    /// How often who hears nothing is told so: proxies close connections that are silent for a minute.
    private static let silence = Duration.seconds(15)
    /// How many videos are asked for at a time.
    private static let batch = 1000

    /// - Parameters:
    ///   - pool: what videos are looked up with.
    ///   - settings: for a connection that listens.
    public init(_ pool: ConnectionPool, _ settings: DatabaseSettings) {
        videos = VideoRepository(pool)
        tokens = TokenRepository(pool)
        listener = Listener(settings, channels: [JobRepository.changes, TokenRepository.revocations])
    }

    /// Listens until it is told to stop; then nobody watches any more.
    public func run() async {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await self.listener.run { await self.hear($0) } }
                group.addTask {
                    while (try? await Task.sleep(for: Self.silence)) != nil { self.broadcast.sendToAll(.silence) }
                }
            }
        }
        broadcast.finish()
    }

    /// Watches a video, for as long as the subscription is kept.
    func watch(_ id: VideoID) -> Broadcast<VideoID, Event>.Subscription { broadcast.subscribe(to: id) }

    /// True if a token was revoked.
    ///
    /// - Throws: ``DatabaseError``.
    func isRevoked(_ token: UUID) async throws -> Bool { try await !tokens.revoked(among: [token]).isEmpty }

    /// How many watch.
    var watchers: Int { broadcast.count }

    private func hear(_ event: Listener.Event) async {
        switch event {
        case .heard(let notification) where notification.channel == TokenRepository.revocations.name:
            if let token = UUID(uuidString: notification.payload) { open.end([token]) }
        case .heard(let notification):
            guard let id = VideoID(notification.payload), broadcast.isHeard(id) else { return }
            await ask(for: [id])
        case .listening:
            // What was said before may not have been heard.
            let tokens = open.tokens
            // Where that cannot be told, all streams end; their clients come again, and their tokens are checked.
            open.end((try? await self.tokens.revoked(among: tokens)) ?? tokens)
            var ids = broadcast.keys
            while !ids.isEmpty {
                await ask(for: Array(ids.prefix(Self.batch)))
                ids.removeFirst(min(Self.batch, ids.count))
            }
        }
    }

    private func ask(for ids: [VideoID]) async {
        // Where the database is away, the listener is about to find out, and asks for all when it is back.
        guard let states = try? await videos.states(of: ids) else { return }
        let known = Dictionary(states.map { ($0.id, $0) }) { first, _ in first }
        for id in ids { broadcast.send(.state(known[id]), to: id) }
    }
}
