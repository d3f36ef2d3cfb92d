/// Hears what is said with `NOTIFY`, for as long as its task runs; where the connection is lost it makes another.
public struct Listener: Sendable {
    /// A channel of notifications.
    public struct Channel: Hashable, Sendable {
        /// Its name, a word of SQL.
        public let name: String

        public init(_ name: StaticString) { self.name = name.description }
    }

    /// What a listener is told.
    public enum Event: Hashable, Sendable {
        /// From now on all is heard; what was said before may not have been.
        case listening
        case heard(Notification)
    }

    private let settings: DatabaseSettings
    private let channels: [Channel]

    /// How long silence may last before the connection is tried.
    private static let silence = Duration.seconds(20)

    public init(_ settings: DatabaseSettings, channels: [Channel]) {
        self.settings = settings
        self.channels = channels
    }

    /// Listens until the task is cancelled.
    public nonisolated(nonsending) func run(_ body: (Event) async -> Void) async {
        var pause = Duration.milliseconds(100)
        while !Task.isCancelled {
            do {
                let connection = try await Connection.open(settings)
                try await connection.script(channels.map { "LISTEN \($0.name);" }.joined())
                pause = .milliseconds(100)
                await body(.listening)
                while true {
                    let notifications = try await connection.notifications(within: Self.silence)
                    for notification in notifications { await body(.heard(notification)) }
                    if notifications.isEmpty { try await connection.query(Statement("SELECT 1")) }
                }
            } catch {
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(5))
            }
        }
    }
}
