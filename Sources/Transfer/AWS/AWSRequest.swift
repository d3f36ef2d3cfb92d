/// A request to a service of AWS's, before anything of it is encoded.
public struct AWSRequest: Hashable, Sendable {
    /// A parameter of the address.
    public struct Parameter: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// In capitals.
    public var method: String
    /// `https`, or `http` for a network of one's own.
    public var scheme: String
    /// The host's name, with its port where that is not the scheme's.
    public var host: String
    /// It begins with a slash.
    public var path: String
    public var query: [Parameter]
    /// Header fields by name.
    public var headers: [String: String]

    public init(
        _ method: String, scheme: String = "https", host: String, path: String = "/", query: [Parameter] = [],
        headers: [String: String] = [:]
    ) {
        self.method = method
        self.scheme = scheme
        self.host = host
        self.path = path
        self.query = query
        self.headers = headers
    }

    /// Its address, encoded as it is signed.
    var url: String {
        "\(scheme)://\(host)\(Self.encode(path, keeping: "/"))" + (query.isEmpty ? "" : "?\(canonicalQuery)")
    }

    /// The parameters encoded, sorted by name and then by value.
    var canonicalQuery: String {
        query.map { (Self.encode($0.name), Self.encode($0.value)) }.sorted(by: <).map { "\($0)=\($1)" }
            .joined(separator: "&")
    }

    /// A text in which all but letters, digits and `-._~` is written as bytes in hexadecimal digits (RFC 3986, section 2.3, as
    /// Signature Version 4 demands it).
    ///
    /// - Parameter kept: what else stays.
    static func encode(_ text: String, keeping kept: String = "") -> String {
        let kept = Set("-._~".utf8).union(kept.utf8)
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                encoded.append(byte)
            case _ where kept.contains(byte): encoded.append(byte)
            default: encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
