/// A box of an MP4 file (ISO/IEC 14496-12, section 4.2).
struct Box: Hashable, Sendable {
    /// Its four-character code.
    let kind: String
    /// Where its header begins.
    let start: Int64
    /// What is in it.
    let body: Range<Int64>

    var end: Int64 { body.upperBound }

    /// A box of this kind with this in it.
    static func bytes(_ kind: String, _ body: [UInt8]) -> [UInt8] {
        BigEndian.bytes(UInt32(body.count + 8)) + Array(kind.utf8) + body
    }
}

/// Numbers with their most significant byte first.
enum BigEndian {
    static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        stride(from: value.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    /// The number at a place; nil where the bytes do not reach so far.
    static func value<Value: FixedWidthInteger>(_ bytes: [UInt8], at place: Int, as type: Value.Type) -> Value? {
        let width = Value.bitWidth / 8
        guard place >= 0, place <= bytes.count - width else { return nil }
        return bytes[place..<place + width].reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }
}

/// Reads boxes out of a source of bytes.
struct BoxReader {
    /// Why it reads no further.
    enum Failure: Error {
        /// The source's own.
        case source(ByteSourceError)
        /// It is no box, or not one that is understood here.
        case unfamiliar
    }

    let source: any ByteSource
    let cancellation: CancellationFlag

    /// The most boxes that are looked at in one.
    private static let mostChildren = 256

    /// All bytes of a range.
    func bytes(_ range: Range<Int64>) throws(Failure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        var filled = 0
        while filled < bytes.count {
            let read: Int
            do throws(ByteSourceError) {
                var span = bytes.mutableSpan
                var all = span.mutableBytes
                read = try source.read(
                    at: range.lowerBound + Int64(filled), into: &all, filled..<all.byteCount,
                    cancellation: cancellation)
            } catch {
                throw .source(error)
            }
            guard read > 0 else { throw .unfamiliar }
            filled += read
        }
        return bytes
    }

    /// The boxes that lie in a range, one behind the other.
    func boxes(in range: Range<Int64>) throws(Failure) -> [Box] {
        var boxes: [Box] = []
        var start = range.lowerBound
        while start < range.upperBound {
            guard boxes.count < Self.mostChildren else { throw .unfamiliar }
            let box = try box(at: start, before: range.upperBound)
            boxes.append(box)
            start = box.end
        }
        return boxes
    }

    /// The first box of a kind that lies in a range; nil where there is none among the first boxes.
    func first(_ kind: String, in range: Range<Int64>) throws(Failure) -> Box? {
        var start = range.lowerBound
        for _ in 0..<Self.mostChildren where start < range.upperBound {
            let box = try box(at: start, before: range.upperBound)
            if box.kind == kind { return box }
            start = box.end
        }
        return nil
    }

    private func box(at start: Int64, before limit: Int64) throws(Failure) -> Box {
        let header = try bytes(start..<min(start + 16, limit))
        guard let size = BigEndian.value(header, at: 0, as: UInt32.self), header.count >= 8,
            let kind = String(validating: header[4..<8], as: UTF8.self)
        else { throw .unfamiliar }
        let (length, headerLength): (Int64, Int64) =
            switch size {
            case 0: (limit - start, 8)
            case 1: (BigEndian.value(header, at: 8, as: Int64.self) ?? 0, 16)
            default: (Int64(size), 8)
            }
        let (end, overflow) = start.addingReportingOverflow(length)
        guard length >= headerLength, !overflow, end <= limit else { throw .unfamiliar }
        return Box(kind: kind, start: start, body: start + headerLength..<end)
    }
}
