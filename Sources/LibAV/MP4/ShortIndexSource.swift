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
    /// What is there instead, as long.
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
            let beyond = Self.gap + Int64(prefix.samplesBeyond)
            index = short + Box.bytes("skip", [UInt8](repeating: 0, count: rest - 8))
            tail = BigEndian.bytes(UInt32(beyond)) + Array("skip".utf8)
            size = length + beyond
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
        if place.contains(offset) { return Self.copy(index, from: offset - place.lowerBound, into: &span) }
        if offset < length {
            let end = offset < place.lowerBound ? place.lowerBound : length
            return try source.read(
                at: offset, into: &span, 0..<Int(min(Int64(span.byteCount), end - offset)), cancellation: cancellation)
        }
        guard offset - length < tail.count else {
            exceeded.store(true, ordering: .releasing)
            throw .transfer("the clip", reason: "more of it is read than its index was read for")
        }
        return Self.copy(tail, from: offset - length, into: &span)
    }

    /// Copies bytes from a place in them on, as many as there is room for.
    private static func copy(_ bytes: [UInt8], from start: Int64, into span: inout MutableRawSpan) -> Int {
        let part = bytes[Int(start)...].prefix(span.byteCount)
        span.withUnsafeMutableBytes { $0.copyBytes(from: part) }
        return part.count
    }
}
