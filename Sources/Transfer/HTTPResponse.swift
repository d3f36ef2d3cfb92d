/// An answer of HTTP.
public struct HTTPResponse: Hashable, Sendable {
    /// The status code (RFC 9110, section 15).
    public var status: Int
    /// Header fields by name, in lower case; of several of a name the last.
    public var headers: [String: String]
    /// The content.
    public var body: [UInt8]
}
