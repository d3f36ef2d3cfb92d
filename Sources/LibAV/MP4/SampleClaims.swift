/// The samples and table entries that an MP4 file claims to have, held against the bytes that it has.
///
/// libavformat allocates for what a table claims before it reads the entries, and for a table in runs (`stts`, `stsc`, `trun` without
/// fields) a few bytes can claim any number of samples: 3 KB claimed 60 million, for which it took 3 GB. Boxes are read as leniently as
/// libavformat reads them (`mov_read_default`, libavformat/mov.c): it clamps those that are too long, and finds tables at odd places.
public struct SampleClaims: Sendable {
    /// Reason for refusing a file.
    public enum Problem: Error, Hashable, Sendable {
        /// A table has fewer bytes than its entries take, or the file has fewer than its samples take.
        case impossible
        /// There are more samples than are allowed.
        case tooMany
    }

    private let reader: BoxReader
    private let size: Int64
    private let limit: Int64
    private var boxes = 0
    private var fragmentSamples: Int64 = 0

    /// Boxes that hold other boxes.
    private static let containers: Set<String> = [
        "moov", "trak", "mdia", "minf", "stbl", "edts", "moof", "traf", "mvex", "udta", "tref", "wave", "sinf", "schi",
        "meta", "iprp",
    ]
    /// The place of the number of entries in a table's body, and the bytes of an entry (ISO/IEC 14496-12, section 8).
    private static let tables: [String: (count: Int64, entry: Int64)] = [
        "stts": (4, 8), "ctts": (4, 8), "stsc": (4, 12), "stco": (4, 4), "co64": (4, 8), "stss": (4, 4), "stps": (4, 4),
    ]
    /// The most boxes that are looked at, in files that are near and far.
    private static let (most, mostDistant) = (200_000, 1000)
    /// How deep boxes are followed.
    private static let depth = 12

    /// Checks a file. Files of other containers have no boxes that it knows, and pass.
    ///
    /// - Parameter limit: the most samples of a track.
    /// - Throws: ``Problem``.
    public static func check(
        _ source: any ByteSource, limit: Int, cancellation: CancellationFlag
    ) throws(Problem) {
        guard let size = source.size else { return }
        var claims = SampleClaims(
            reader: BoxReader(source: source, cancellation: cancellation), size: size, limit: Int64(limit))
        try claims.visit(0..<size, Self.depth)
    }

    private init(reader: BoxReader, size: Int64, limit: Int64) {
        self.reader = reader
        self.size = size
        self.limit = limit
    }

    private mutating func visit(_ range: Range<Int64>, _ depth: Int) throws(Problem) {
        guard depth > 0 else { return }
        var start = range.lowerBound
        var sizes: Box?
        var chunkRuns: Box?
        var chunks: Box?
        while start < range.upperBound, let box = box(at: start, before: range.upperBound) {
            start = box.end
            boxes += 1
            guard boxes < (reader.source.isDistant ? Self.mostDistant : Self.most) else { return }
            if Self.containers.contains(box.kind) { try visit(box.body, depth - 1) }
            switch box.kind {
            case "stsz", "stz2": sizes = box
            case "stsc": chunkRuns = box
            case "stco", "co64": chunks = box
            case "trun": try check(run: box)
            default: break
            }
            if let table = Self.tables[box.kind], let count = number(box, table.count),
                count * table.entry > box.body.count
            {
                throw .impossible
            }
        }
        if let sizes { try check(sizes, chunkRuns, chunks) }
    }

    /// Holds the number of a track's samples against their sizes, and against what its chunks claim.
    private func check(_ sizes: Box, _ runs: Box?, _ chunks: Box?) throws(Problem) {
        guard let first = number(sizes, 4), let samples = number(sizes, 8) else { throw .impossible }
        if sizes.kind == "stz2" {
            guard samples * (first & 0xFF) / 8 <= sizes.body.count else { throw .impossible }
        } else if first == 0 {
            guard samples * 4 <= sizes.body.count - 12 else { throw .impossible }
        } else {
            let (bytes, overflow) = samples.multipliedReportingOverflow(by: first)
            guard !overflow, bytes <= size else { throw .impossible }
        }
        // Uncompressed sound has a sample for each moment, and libavformat one entry for 1,024 of them.
        let isTable = sizes.kind == "stz2" || first == 0
        guard (isTable ? samples : samples / 1024) <= limit else { throw .tooMany }
        if let runs, let chunks { try check(runs, of: chunks, samples) }
    }

    /// Holds the samples that a track's chunks claim, in runs of chunks that have as many each, against the samples that it has.
    private func check(_ runs: Box, of chunks: Box, _ samples: Int64) throws(Problem) {
        guard let chunkCount = number(chunks, 4), let entries = number(runs, 4) else { return }
        // A long table of a file that is far away is not read for this: it has bytes to show for what it claims.
        guard entries * 12 <= (reader.source.isDistant ? Self.mostRunsDistant : Self.mostRuns),
            let table = try? reader.bytes(runs.body.lowerBound + 8..<runs.body.lowerBound + 8 + entries * 12)
        else { return }
        func run(_ entry: Int64, _ place: Int) -> Int64? {
            BigEndian.value(table, at: Int(entry) * 12 + place, as: UInt32.self).map(Int64.init)
        }
        var claimed: Int64 = 0
        var most: Int64 = 0
        for entry in 0..<entries {
            guard let begin = run(entry, 0), let each = run(entry, 4) else { break }
            let next = run(entry + 1, 0) ?? chunkCount + 1
            // At most 2^32 chunks of 2^32 samples: neither product nor sum runs over before it is refused.
            let (sum, overflow) = max(0, next - begin).multipliedReportingOverflow(by: each)
            let (total, isOver) = claimed.addingReportingOverflow(sum)
            guard !overflow, !isOver else { throw .impossible }
            claimed = total
            most = max(most, each)
        }
        // The last chunk may be said to have as many as those before.
        guard claimed <= samples + most, most <= max(samples, 1) else { throw .impossible }
    }

    /// The longest table of runs that is read, in bytes.
    private static let (mostRuns, mostRunsDistant) = (Int64(16 << 20), Int64(8 << 10))

    /// Holds the samples of a fragment's run against its bytes.
    private mutating func check(run box: Box) throws(Problem) {
        guard let flags = number(box, 0), let samples = number(box, 4) else { throw .impossible }
        let fields = Int64((flags & 0xF00).nonzeroBitCount)
        guard samples * fields * 4 <= box.body.count else { throw .impossible }
        fragmentSamples += samples
        guard fragmentSamples <= limit else { throw .tooMany }
    }

    private func box(at start: Int64, before limit: Int64) -> Box? {
        guard limit - start >= 8, let header = try? reader.bytes(start..<min(start + 16, limit)),
            let short = BigEndian.value(header, at: 0, as: UInt32.self)
        else { return nil }
        let kind = String(decoding: header[4..<8], as: UTF8.self)
        let (length, head): (Int64, Int64) =
            switch short {
            case 0: (limit - start, 8)
            case 1: (BigEndian.value(header, at: 8, as: Int64.self) ?? 0, 16)
            default: (Int64(short), 8)
            }
        guard length >= head, limit - start >= head else { return nil }
        return Box(kind: kind, start: start, body: start + head..<start + min(length, limit - start))
    }

    private func number(_ box: Box, _ place: Int64) -> Int64? {
        let start = box.body.lowerBound + place
        guard start + 4 <= box.end, let bytes = try? reader.bytes(start..<start + 4) else { return nil }
        return BigEndian.value(bytes, at: 0, as: UInt32.self).map(Int64.init)
    }
}
