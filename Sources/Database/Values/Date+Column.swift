public import struct FoundationEssentials.Date

extension Date: ColumnDecodable, ParameterConvertible {
    /// PostgreSQL counts microseconds from the beginning of 2000, UTC (PostgreSQL 15, B.1 and `timestamp.h`).
    private static let origin = 946_684_800.0

    public init?(column bytes: UnsafeBufferPointer<UInt8>?, type: ColumnType) {
        guard let bytes, type == .timestamptz, let microseconds = Int64(network: bytes) else { return nil }
        self.init(timeIntervalSince1970: Self.origin + Double(microseconds) / 1e6)
    }

    public var parameter: Parameter {
        let microseconds = Int64(((timeIntervalSince1970 - Self.origin) * 1e6).rounded())
        return Parameter(bytes: withUnsafeBytes(of: microseconds.bigEndian, Array.init), format: .binary)
    }
}
