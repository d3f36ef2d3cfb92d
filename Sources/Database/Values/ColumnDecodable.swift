/// A type that a column's values can be read as.
public protocol ColumnDecodable: Sendable {
    /// Reads a value in the binary form of its type.
    ///
    /// - Parameters:
    ///   - bytes: the value; nil for SQL's null.
    ///   - type: what the server says that it is.
    /// - Returns: nil where the one is not the other.
    init?(column bytes: UnsafeBufferPointer<UInt8>?, type: ColumnType)
}

/// The types that are read, by the numbers that PostgreSQL gives them (`pg_type.dat`).
public enum ColumnType: UInt32, Sendable {
    case bool = 16
    case bytea = 17
    case int8 = 20
    case int2 = 21
    case int4 = 23
    case text = 25
    case json = 114
    case float4 = 700
    case float8 = 701
    case varchar = 1043
    case timestamptz = 1184
    case uuid = 2950
    case jsonb = 3802
}

extension FixedWidthInteger {
    /// The number that all of the bytes are, the highest first.
    init?(network bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.count == MemoryLayout<Self>.size else { return nil }
        self = bytes.reduce(0) { $0 << 8 | Self(truncatingIfNeeded: $1) }
    }
}

extension Int: ColumnDecodable {
    public init?(column bytes: UnsafeBufferPointer<UInt8>?, type: ColumnType) {
        guard let bytes else { return nil }
        let value: Int? =
            switch type {
            case .int2: Int16(network: bytes).map(Int.init)
            case .int4: Int32(network: bytes).map(Int.init)
            case .int8: Int64(network: bytes).map(Int.init)
            default: nil
            }
        guard let value else { return nil }
        self = value
    }
}

extension Bool: ColumnDecodable {
    public init?(column bytes: UnsafeBufferPointer<UInt8>?, type: ColumnType) {
        guard let bytes, type == .bool, bytes.count == 1 else { return nil }
        self = bytes[0] != 0
    }
}

extension Double: ColumnDecodable {
    public init?(column bytes: UnsafeBufferPointer<UInt8>?, type: ColumnType) {
        guard let bytes else { return nil }
        switch type {
        case .float8:
            guard let bits = UInt64(network: bytes) else { return nil }
            self = Double(bitPattern: bits)
        case .float4:
            guard let bits = UInt32(network: bytes) else { return nil }
            self = Double(Float(bitPattern: bits))
        default: return nil
        }
    }
}

extension String: ColumnDecodable {
    public init?(column bytes: UnsafeBufferPointer<UInt8>?, type: ColumnType) {
        guard let bytes else { return nil }
        switch type {
        case .text, .varchar, .json: self.init(decoding: bytes, as: UTF8.self)
        // Behind the number of its version (PostgreSQL's `jsonb_recv`).
        case .jsonb where bytes.first == 1: self.init(decoding: bytes.dropFirst(), as: UTF8.self)
        default: return nil
        }
    }
}

extension Optional: ColumnDecodable where Wrapped: ColumnDecodable {
    public init?(column bytes: UnsafeBufferPointer<UInt8>?, type: ColumnType) {
        guard let bytes else {
            self = .none
            return
        }
        guard let value = Wrapped(column: bytes, type: type) else { return nil }
        self = value
    }
}
