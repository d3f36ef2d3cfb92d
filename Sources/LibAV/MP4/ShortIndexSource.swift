import Synchronization

/// An MP4 file of which only the beginning is wanted, with an index that knows where that beginning lies only.
///
/// A file's index may be a large part of it, and libav reads it whole. This one is as long, says of every sample when it is
/// shown, and gives those that lie beyond a place that is not in the file: whoever comes to read one there gets an error, and
/// must take the file as it is. All offsets stay what they are.
public final class ShortIndexSource: ByteSource {
    public let size: Int64?
    /// How much of the file's time it has, in seconds.
    public let seconds: Int64

    private let source: any ByteSource
    private let length: Int64
    /// Where the file's own index lies.
    private let place: Range<Int64>
    /// What is there instead, without the zeros at its end.
    private let index: [UInt8]
    /// What stands behind the file: the header of a box of nothing.
    private let tail: [UInt8]
    private let exceeded = Atomic(false)

    /// Less is not worth a search: as much as the first request to a server asks for, and once more.
    public static let least = 64 << 10
    /// More is not written anew in memory.
    private static let most = 64 << 20
    /// libav reads on, and does not search, over less than 32 KiB.
    private static let gap: Int64 = 128 << 10

    /// Reads what is needed of a file's index.
    ///
    /// - Parameter seconds: how much of the file's time is wanted, a little more than that.
    /// - Parameter least: the length of an index that is worth it, and how much of it must need no reading.
    /// - Returns: nil where it is no such file, or nothing can be saved: it is to be read as it is.
    /// - Throws: ``ByteSourceError``.
    public init?(
        _ source: any ByteSource, seconds: Int64, least: Int = ShortIndexSource.least, cancellation: CancellationFlag
    ) throws(ByteSourceError) {
        guard let length = source.size else { return nil }
        let boxes = BoxReader(source: source, cancellation: cancellation)
        do throws(BoxReader.Failure) {
            guard let moov = try boxes.boxes(in: 0..<length).first(where: { $0.kind == "moov" }) else { return nil }
            place = moov.start..<moov.end
            guard least...max(least, Self.most) ~= place.count else { return nil }
            var prefix = IndexPrefix(boxes, seconds: seconds, nowhere: length + Self.gap)
            let short = try prefix.rewritten(moov)
            let rest = place.count - short.count
            guard prefix.unread >= least, rest >= 8 else { return nil }
            index = short + BigEndian.bytes(UInt32(rest)) + Array("skip".utf8)
            tail = BigEndian.bytes(UInt32(Self.gap + Int64(prefix.samplesBeyond))) + Array("skip".utf8)
            size = length + Self.gap + Int64(prefix.samplesBeyond)
        } catch {
            guard case .source(let error) = error else { return nil }
            throw error
        }
        self.source = source
        self.seconds = seconds
        self.length = length
    }

    /// Whether something was read that lies beyond the beginning.
    public var isExceeded: Bool { exceeded.load(ordering: .acquiring) }

    public func read(
        at offset: Int64, into span: inout MutableRawSpan, cancellation: CancellationFlag
    ) throws(ByteSourceError) -> Int {
        guard let size, offset >= 0, offset < size else { return 0 }
        let count = Int64(span.byteCount)
        if place.contains(offset) {
            let start = Int(offset - place.lowerBound)
            let part = index[min(start, index.count)..<min(index.count, start + Int(count))]
            let zeros = min(count, place.upperBound - offset) - Int64(part.count)
            span.withUnsafeMutableBytes { $0.copyBytes(from: Array(part) + Array(repeating: 0, count: Int(zeros))) }
            return part.count + Int(zeros)
        }
        if offset < length {
            let end = offset < place.lowerBound ? place.lowerBound : length
            return try source.read(
                at: offset, into: &span, 0..<Int(min(count, end - offset)), cancellation: cancellation)
        }
        let start = Int(offset - length)
        guard start < tail.count else {
            exceeded.store(true, ordering: .releasing)
            throw .transfer("the clip", reason: "more of it is read than its index was read for")
        }
        let part = tail[start..<min(tail.count, start + Int(count))]
        span.withUnsafeMutableBytes { $0.copyBytes(from: part) }
        return part.count
    }
}
