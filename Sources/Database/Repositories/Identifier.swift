/// The number of a row: one table's is not another's.
public protocol Identifier: RawRepresentable<Int>, Hashable, Codable, Sendable, ColumnDecodable, ParameterConvertible,
    LosslessStringConvertible
{
    init(rawValue: Int)
}

extension Identifier {
    /// Reads decimal digits without a sign, from 1 on; nil for anything else.
    public init?(_ text: String) {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(text), number > 0 else {
            return nil
        }
        self.init(rawValue: number)
    }

    public init?(column bytes: UnsafeBufferPointer<UInt8>?, type: ColumnType) {
        guard let number = Int(column: bytes, type: type) else { return nil }
        self.init(rawValue: number)
    }

    public var parameter: Parameter { rawValue.parameter }
    public var description: String { "\(rawValue)" }
}

/// Somebody with an account.
public struct UserID: Identifier {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
}

/// An upload and what is made of it.
public struct VideoID: Identifier {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
}

/// A piece of work on a video.
public struct JobID: Identifier {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
}
