/// A request of HTTP.
public struct HTTPRequest: Hashable, Sendable {
    /// The method, in capitals.
    public var method = "GET"
    /// The address: `http` or `https`.
    public var url: String
    /// Header fields, by name.
    public var headers: [String: String] = [:]

    /// Whether an answer that leads elsewhere is followed.
    public var followsRedirects = true
    /// What is sent with it.
    public var body = Body.none

    /// What is sent with a request.
    public enum Body: Hashable, Sendable {
        case none
        case bytes([UInt8])
        /// A part of a file, read as it is sent.
        case file(String, Range<Int64>)

        var count: Int64 {
            switch self {
            case .none: 0
            case .bytes(let bytes): Int64(bytes.count)
            case .file(_, let range): Int64(range.count)
            }
        }
    }

    /// A request for what is at an address.
    public init(url: String) { self.url = url }
}
