import CLibCurl
package import struct FoundationEssentials.Date

/// An answer of HTTP.
public struct HTTPResponse: Hashable, Sendable {
    /// The status code (RFC 9110, section 15).
    public var status: Int
    /// Header fields by name, in lower case; of several of a name the last.
    public var headers: [String: String]
    /// The content.
    public var body: [UInt8]
}

extension HTTPResponse {
    /// When what it answers with was changed last (RFC 9110, section 8.8.2).
    package var lastModified: Date? {
        guard let text = headers["last-modified"] else { return nil }
        let seconds = curl_getdate(text, nil)
        return seconds < 0 ? nil : Date(timeIntervalSince1970: Double(seconds))
    }

    /// Whether a status passes: too many requests, and the server's own troubles (RFC 9110, section 15.6; RFC 6585).
    static func isTransient(_ status: Int) -> Bool { [408, 429, 500, 502, 503, 504].contains(status) }
}
