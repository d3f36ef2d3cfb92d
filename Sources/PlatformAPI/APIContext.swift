import Database
public import Hummingbird
import NIOCore

/// What is known of a request while it is answered.
public struct APIContext: RequestContext, Sendable {
    public var coreContext: CoreRequestContextStorage
    /// Where the connection comes from; nil for a Unix socket.
    let remote: IPAddress?
    private let channel: any Channel
    /// Table of open connections.
    var connections: ConnectionTable?
    /// Key of rate limits: IPv4 address or IPv6 /64.
    var address = "unknown"

    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
        remote = channel.remoteAddress.flatMap { IPAddress($0) }
    }

    /// Runs `work`; cancels it when the client disconnects.
    func whilePresent<Result: Sendable>(
        _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let task = Task(operation: work)
        connections?.whenGone(channel) { task.cancel() }
        defer { connections?.whenGone(channel, nil) }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
