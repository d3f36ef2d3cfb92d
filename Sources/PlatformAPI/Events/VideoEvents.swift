public import Database
public import ServiceLifecycle
import Synchronization

/// Tells those who watch a video what becomes of it. However many watch, the database is asked once.
public final class VideoEvents: Service {
    /// What a watcher is told.
    enum Event: Sendable {
        /// How far the video is; nil where it is not there any more.
        case state(VideoState?)
        /// Nothing new: who is still there takes it.
        case silence
    }

    private struct State {
        var next = 0
        var watchers: [VideoID: [Int: AsyncStream<Event>.Continuation]] = [:]
        var isOver = false
    }

    private let videos: VideoRepository
    private let listener: Listener
    private let state = Mutex(State())

    /// How often who hears nothing is told so: proxies close connections that are silent for a minute.
    private static let silence = Duration.seconds(15)
    /// How many videos are asked for at a time.
    private static let batch = 1000

    /// - Parameters:
    ///   - pool: what videos are looked up with.
    ///   - settings: for a connection that listens.
    public init(_ pool: ConnectionPool, _ settings: DatabaseSettings) {
        videos = VideoRepository(pool)
        listener = Listener(settings, channels: [JobRepository.changes])
    }

    /// Listens until it is told to stop; then nobody watches any more.
    public func run() async {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await self.listener.run { await self.hear($0) } }
                group.addTask {
                    while (try? await Task.sleep(for: Self.silence)) != nil { self.tell(.silence, of: nil) }
                }
            }
        }
        let watchers = state.withLock { state in
            state.isOver = true
            return state.watchers.values.flatMap(\.values)
        }
        for watcher in watchers { watcher.finish() }
    }

    /// What becomes of a video from now on.
    struct Watch: Sendable {
        let events: AsyncStream<Event>
        fileprivate let continuation: AsyncStream<Event>.Continuation

        /// Says that there is nothing more to come.
        func end() { continuation.finish() }
    }

    /// Watches a video, for as long as the watch is kept.
    func watch(_ id: VideoID) -> Watch {
        // Who does not take them for so long is not there.
        let (stream, continuation) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(16))
        let number: Int? = state.withLock { state in
            if state.isOver { return nil }
            state.next += 1
            state.watchers[id, default: [:]][state.next] = continuation
            return state.next
        }
        if let number {
            continuation.onTermination = { [weak self] _ in self?.forget(number, id) }
        } else {
            continuation.finish()
        }
        return Watch(events: stream, continuation: continuation)
    }

    /// How many watch.
    var watchers: Int { state.withLock { $0.watchers.values.reduce(0) { $0 + $1.count } } }

    private func forget(_ number: Int, _ id: VideoID) {
        state.withLock { state in
            state.watchers[id]?[number] = nil
            if state.watchers[id]?.isEmpty == true { state.watchers[id] = nil }
        }
    }

    private func hear(_ event: Listener.Event) async {
        switch event {
        case .heard(let notification):
            guard let id = VideoID(notification.payload), state.withLock({ $0.watchers[id] != nil }) else { return }
            await ask(for: [id])
        case .listening:
            // What was said before may not have been heard.
            var ids = state.withLock { Array($0.watchers.keys) }
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
        for id in ids { tell(.state(known[id]), of: id) }
    }

    private func tell(_ event: Event, of id: VideoID?) {
        let watchers = state.withLock { state in
            id.map { state.watchers[$0].map { Array($0.values) } ?? [] } ?? state.watchers.values.flatMap(\.values)
        }
        for watcher in watchers { watcher.yield(event) }
    }
}
