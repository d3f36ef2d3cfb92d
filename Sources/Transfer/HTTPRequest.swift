/// A request of HTTP.
public struct HTTPRequest: Hashable, Sendable {
    /// The method, in capitals.
    public var method = "GET"
    /// The address: `http` or `https`.
    public var url: String
    /// Header fields, by name.
    public var headers: [String: String] = [:]

    /// A request for what is at an address.
    public init(url: String) { self.url = url }
}
