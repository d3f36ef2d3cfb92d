/// Limits and timeouts of a server's connections.
public struct ConnectionLimits: Sendable {
    /// Maximum number of connections.
    public var total = 10_000
    /// Maximum number of connections per IPv4 address or IPv6 /64. Proxies have no such limit.
    public var perAddress = 256
    /// Maximum number of uploads that are received or looked at.
    public var uploads = 500
    /// Timeout of a request's head, in seconds; also the allowance added to the time of a body or response at ``rate``.
    public var head = 20
    /// Timeout of the next request on a connection, in seconds.
    public var next = 60
    /// Time for which an unread body is discarded after its response, in seconds (RFC 9112, section 9.6).
    public var unreadBody = 30
    /// Minimum average rate of a body or response, in bytes per second.
    public var rate = 16 << 10
    /// Stall timeout of a body or response, in seconds.
    public var stall = 30
    /// Grace period at shutdown, in seconds.
    public var shutdown = 20

    public init() {}

    /// Limits for a process with `openFiles` descriptors: a connection uses one, an upload two more.
    public func fitting(openFiles: Int) -> ConnectionLimits {
        var limits = self
        limits.uploads = max(8, min(uploads, (openFiles - Self.otherFiles) / 6))
        limits.total = max(8, min(total, openFiles - Self.otherFiles - 2 * limits.uploads))
        return limits
    }

    /// Files that are open beside connections: the database's, libraries, pipes of media processes.
    private static let otherFiles = 128
}
