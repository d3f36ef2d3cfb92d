import Database
public import Hummingbird
import NIOCore

/// What is known of a request while it is answered.
public struct APIContext: RequestContext, Sendable {
    public var coreContext: CoreRequestContextStorage
    /// Where the connection comes from; nil for a Unix socket.
    let remote: IPAddress?
    private let channel: any Channel
    /// Knows when the client goes away.
    var connections: ConnectionTable?
    /// The client's address, or its /64 of IPv6: what limits are counted by.
    var address = "unknown"

    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
        remote = channel.remoteAddress.flatMap { IPAddress($0) }
    }

    /// Does work that is of no use once the client has gone away: it is cancelled then.
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
