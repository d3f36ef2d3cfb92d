/// Limits of a server's connections.
public struct ConnectionLimits: Sendable {
    /// The most connections at a time.
    public var total = 10_000
    /// The most connections of one address, or of one /64 of IPv6. Proxies have no such limit.
    public var perAddress = 256
    /// Seconds for a request's head; and the allowance, beyond ``rate``, for its body and for its response.
    public var head = 20
    /// Seconds until the next request on a connection.
    public var next = 60
    /// Seconds that the rest of a body is discarded after its response (RFC 9112, section 9.6).
    public var unreadBody = 30
    /// The least average rate at which a client sends a body and reads a response, in bytes a second.
    public var rate = 16 << 10
    /// Seconds that a body may stand still, either way, however fast it was before.
    public var stall = 30
    /// Seconds that requests in progress have when the server shuts down.
    public var shutdown = 20

    public init() {}

    /// The limits of a process that may open so many files: a connection takes two at the most, its own and that of an object.
    public func fitting(openFiles: Int) -> ConnectionLimits {
        var limits = self
        limits.total = max(8, min(total, (openFiles - Self.otherFiles) / 2))
        return limits
    }

    /// Files that are open beside connections: the database's, libraries, pipes of media processes.
    private static let otherFiles = 128
}
