/// Pieces of a file that are read over and over, and how much to read at a time.
///
/// What is read from where the last piece ended is read ahead, twice as much each time; what is read elsewhere begins with
/// little: a file's index is looked for here and there, its media is read from one end to the other.
struct BlockCache {
    private struct Block {
        let start: Int64
        let bytes: [UInt8]
        var end: Int64 { start + Int64(bytes.count) }
    }

    /// The file's size.
    let size: Int64

    /// How much is read at the least and at the most.
    private static let (least, most) = (4 << 10, 1 << 20)
    /// Who reads so much at a time reads media, and on.
    private static let much = 16 << 10
    /// How much is kept.
    private static let capacity = 8 << 20

    /// Those that were used last come last.
    private var blocks: [Block] = []
    private var lastEnd: Int64 = 0
    private var lastLength = 0

    init(size: Int64) { self.size = size }

    /// Bytes from an offset on, as many as are here of those that are wanted; nil where the first is not here.
    mutating func bytes(at offset: Int64, count: Int) -> [UInt8]? {
        guard let index = blocks.firstIndex(where: { $0.start <= offset && offset < $0.end }) else { return nil }
        let block = blocks.remove(at: index)
        blocks.append(block)
        let from = Int(offset - block.start)
        return Array(block.bytes[from..<min(block.bytes.count, from + count)])
    }

    /// The range to read for bytes that are not here; nil beyond the file's end.
    mutating func missing(at offset: Int64, count: Int) -> Range<Int64>? {
        guard offset >= 0, offset < size else { return nil }
        let ahead = offset == lastEnd && count >= Self.much ? lastLength * 2 : Self.least
        let wanted = Int64(min(max(ahead, count), Self.most))
        // Up to what is here already.
        let next = blocks.lazy.map(\.start).filter { $0 > offset }.min() ?? size
        return offset..<min(offset + wanted, next, size)
    }

    /// Keeps a piece, and lets go of those that were not used for longest.
    mutating func insert(_ bytes: [UInt8], at start: Int64) {
        guard !bytes.isEmpty else { return }
        blocks.append(Block(start: start, bytes: bytes))
        lastEnd = start + Int64(bytes.count)
        lastLength = bytes.count
        var kept = blocks.reduce(0) { $0 + $1.bytes.count }
        while kept > Self.capacity, blocks.count > 1 { kept -= blocks.removeFirst().bytes.count }
    }
}
