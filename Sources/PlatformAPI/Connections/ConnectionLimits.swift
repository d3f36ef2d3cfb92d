/// What clients may take of a server's connections, and of its time.
public struct ConnectionLimits: Sendable {
    /// The most connections at a time.
    public var total = 10_000
    /// The most of one address, or of one /64 of IPv6. Proxies have no such bound.
    public var perAddress = 256
    /// Seconds until a request's head is whole; the least for its body, and for an answer to be taken.
    public var head = 20
    /// Seconds until the next request on a connection.
    public var next = 60
    /// Seconds that an unread body is still taken after its answer: RFC 9112, section 9.6.
    public var unreadBody = 30
    /// The least average rate of a body and of an answer, in bytes a second.
    public var rate = 16 << 10
    /// Seconds that requests under way have when the server ends.
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
