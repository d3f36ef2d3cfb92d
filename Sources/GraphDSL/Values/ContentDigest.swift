internal import Crypto
public import FoundationEssentials

/// A SHA-256 digest (FIPS 180-4), as 64 lower-case hexadecimal digits.
public struct ContentDigest: Hashable, Sendable {
    /// The digits.
    public let description: String

    /// The digest of some bytes held in memory.
    public init(of data: Data) {
        self.init(digits: SHA256.hash(data: data))
    }

    /// The digest of a file or stream, made from the bytes of a finished hash.
    ///
    /// - Parameter bytes: exactly 32 bytes; another number makes a digest that equals no real one.
    public init(digits bytes: some Sequence<UInt8>) {
        description = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// The first twelve digits: enough to tell two apart in a message.
    public var short: Substring { description.prefix(12) }
}

extension ContentDigest: LosslessStringConvertible {
    /// Reads 64 hexadecimal digits; nil for anything else.
    public init?(_ text: String) {
        guard text.utf8.count == 64, text.allSatisfy(\.isHexDigit) else { return nil }
        description = text.lowercased()
    }
}

extension ContentDigest: Codable {
    public init(from decoder: any Decoder) throws { self = try decoder.decodeText() }
    public func encode(to encoder: any Encoder) throws { try encoder.encodeText(self) }
}
