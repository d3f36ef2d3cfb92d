/// The index of an MP4 file, its `moov`, written anew so that it knows where the first samples lie only.
///
/// Three tables tell where samples lie and are long: their sizes (`stsz`), the places of the chunks they lie in (`stco`,
/// `co64`), and how many are in each chunk (`stsc`; ISO/IEC 14496-12, sections 8.7.3 to 8.7.5). Only their beginnings are read.
/// All else, such as when each sample is shown and which are key frames, is read whole and stays as it is. The samples
/// beyond get a byte each, in one chunk at a place that is nowhere in the file.
struct IndexPrefix {
    private let boxes: BoxReader
    /// How much of the file's time is needed, in seconds.
    private let seconds: Int64
    /// Where the samples beyond are said to lie.
    private let nowhere: Int64

    /// The most samples that a track has beyond.
    private(set) var samplesBeyond = 0
    /// How many bytes of it need not be read.
    private(set) var unread = 0

    /// The way down to a track's tables: boxes that hold no more than other boxes, and which of those is next.
    private static let next = ["moov": "trak", "trak": "mdia", "mdia": "minf", "minf": "stbl"]
    /// What a track has once.
    private static let tables: Set<String> = ["stsz", "stsc", "stco", "co64", "stts"]
    /// What a file in parts has, whose index is elsewhere.
    private static let foreign: Set<String> = ["mvex", "cmov"]
    /// Later than any clip's edits begin, in ticks.
    private static let latest: Int64 = 1 << 48
    /// How many entries of `stsc` are read at a time.
    private static let page: Int64 = 512

    init(_ boxes: BoxReader, seconds: Int64, nowhere: Int64) {
        self.boxes = boxes
        self.seconds = seconds
        self.nowhere = nowhere
    }

    /// Where the samples end that are needed of a track.
    private struct Cut {
        let samples: UInt32
        let chunks: UInt32
        /// How many samples there are.
        let allSamples: UInt32
        /// The entries of `stsc` for these chunks, as they are.
        let chunkSizes: [UInt8]
        /// The sample description of the last of them.
        let description: UInt32

        var samplesBeyond: UInt32 { allSamples - samples }
    }

    /// An index written anew.
    mutating func rewritten(_ moov: Box) throws(BoxReader.Failure) -> [UInt8] { try rewritten(moov, in: []) }

    /// A box on the way down written anew.
    ///
    /// - Parameter track: what lies beside the boxes above it, of the same track: it tells of its time.
    private mutating func rewritten(_ box: Box, in track: [Box]) throws(BoxReader.Failure) -> [UInt8] {
        let children = try boxes.boxes(in: box.body)
        guard !children.contains(where: { Self.foreign.contains($0.kind) }) else { throw .unfamiliar }
        if box.kind == "stbl" {
            let kinds = children.map(\.kind).filter(Self.tables.contains)
            guard Set(kinds).count == kinds.count else { throw .unfamiliar }
            if let cut = try cut(children, track) { return try rewritten(children, cut) }
        }
        var body: [UInt8] = []
        for child in children {
            let isNext = child.kind == Self.next[box.kind]
            body +=
                isNext
                ? try rewritten(child, in: box.kind == "moov" ? [] : track + children)
                : try boxes.bytes(child.start..<child.end)
        }
        return Box.bytes(box.kind, body)
    }

    private mutating func rewritten(_ tables: [Box], _ cut: Cut) throws(BoxReader.Failure) -> [UInt8] {
        samplesBeyond = max(samplesBeyond, Int(cut.samplesBeyond))
        var body: [UInt8] = []
        for table in tables {
            let content = table.body.lowerBound
            switch table.kind {
            case "stsz":
                let sizes = try boxes.bytes(content..<content + 12 + Int64(cut.samples) * 4)
                body += Box.bytes("stsz", sizes + (0..<cut.samplesBeyond).flatMap { _ in [0, 0, 0, 1] })
                unread += table.body.count - sizes.count
            case "stco":
                guard let nowhere = UInt32(exactly: nowhere) else { throw .unfamiliar }
                body += Box.bytes("stco", try places(table, cut, width: 4) + BigEndian.bytes(nowhere))
            case "co64":
                body += Box.bytes("co64", try places(table, cut, width: 8) + BigEndian.bytes(nowhere))
            case "stsc":
                unread += table.body.count - cut.chunkSizes.count
                let last = [cut.chunks + 1, cut.samplesBeyond, cut.description].flatMap(BigEndian.bytes)
                let count = UInt32(cut.chunkSizes.count / 12 + 1)
                let version = try boxes.bytes(content..<content + 4)
                body += Box.bytes("stsc", version + BigEndian.bytes(count) + cut.chunkSizes + last)
            default: body += try boxes.bytes(table.start..<table.end)
            }
        }
        return Box.bytes("stbl", body)
    }

    /// A table of places up to the cut, with room for one more.
    private mutating func places(_ table: Box, _ cut: Cut, width: Int64) throws(BoxReader.Failure) -> [UInt8] {
        let content = table.body.lowerBound
        let version = try boxes.bytes(content..<content + 4)
        let kept = try boxes.bytes(content + 8..<content + 8 + Int64(cut.chunks) * width)
        unread += table.body.count - kept.count
        return version + BigEndian.bytes(cut.chunks + 1) + kept
    }

    // MARK: Where to cut

    /// Where a track can be cut; nil where it is to be read whole.
    private func cut(_ tables: [Box], _ track: [Box]) throws(BoxReader.Failure) -> Cut? {
        guard let sizes = tables.first(where: { $0.kind == "stsz" }),
            let chunkSizes = tables.first(where: { $0.kind == "stsc" }),
            let places = tables.first(where: { ["stco", "co64"].contains($0.kind) }),
            try number(sizes, at: 4) == 0
        else { return nil }
        let allSamples = try number(sizes, at: 8)
        let allChunks = try number(places, at: 4)
        guard sizes.body.count >= 12 + Int(allSamples) * 4,
            places.body.count >= 8 + Int(allChunks) * (places.kind == "stco" ? 4 : 8)
        else { throw .unfamiliar }
        let needed = try samples(tables, track)
        guard needed < allSamples else { return nil }

        let entries = Int64(try number(chunkSizes, at: 4))
        let first = chunkSizes.body.lowerBound + 8
        guard entries > 0, chunkSizes.body.count >= 8 + entries * 12 else { throw .unfamiliar }
        var read: [UInt8] = []
        var samples: UInt64 = 0
        for entry in 0..<entries {
            // The next entry says where this one's run of chunks ends.
            let wanted = min(entries, entry + 2)
            if read.count < wanted * 12 {
                let page = Int64(read.count) / 12..<min(entries, wanted + Self.page)
                read += try boxes.bytes(first + page.lowerBound * 12..<first + page.upperBound * 12)
            }
            let place = Int(entry) * 12
            guard let chunk = BigEndian.value(read, at: place, as: UInt32.self),
                let each = BigEndian.value(read, at: place + 4, as: UInt32.self),
                let description = BigEndian.value(read, at: place + 8, as: UInt32.self),
                let next = entry + 1 < entries
                    ? BigEndian.value(read, at: place + 12, as: UInt32.self) : allChunks &+ 1,
                entry > 0 || chunk == 1, chunk > 0, next > chunk, next <= allChunks &+ 1, each > 0
            else { throw .unfamiliar }
            let chunks = min(UInt64(next - chunk), (UInt64(needed) - samples + UInt64(each) - 1) / UInt64(each))
            samples += chunks * UInt64(each)
            guard samples >= needed else { continue }
            let last = chunk + UInt32(chunks) - 1
            guard samples < allSamples, last < allChunks else { return nil }
            return Cut(
                samples: UInt32(samples), chunks: last, allSamples: allSamples,
                chunkSizes: Array(read.prefix(place + 12)), description: description)
        }
        return nil
    }

    /// How many samples of a track are decoded in the time that is needed.
    private func samples(_ tables: [Box], _ track: [Box]) throws(BoxReader.Failure) -> UInt32 {
        guard let header = track.first(where: { $0.kind == "mdhd" }),
            let times = tables.first(where: { $0.kind == "stts" })
        else { throw .unfamiliar }
        let isLong = try boxes.bytes(header.body.lowerBound..<header.body.lowerBound + 1) == [1]
        let scale = Int64(try number(header, at: isLong ? 20 : 12))
        let (length, overflow) = seconds.multipliedReportingOverflow(by: scale)
        let start = try start(track)
        guard scale > 0, !overflow, 0...Self.latest ~= start else { throw .unfamiliar }
        let end = length + start
        let entries = try boxes.bytes(times.body)
        var (time, count): (Int64, UInt64) = (0, 0)
        for place in stride(from: 8, to: entries.count - 7, by: 8) {
            guard let run = BigEndian.value(entries, at: place, as: UInt32.self),
                let step = BigEndian.value(entries, at: place + 4, as: Int32.self), step >= 0
            else { throw .unfamiliar }
            let wanted = step > 0 ? max(0, end - time) / Int64(step) + 1 : Int64(run)
            count += UInt64(min(Int64(run), wanted))
            if step > 0, wanted <= run { break }
            time += Int64(run) * Int64(step)
        }
        return UInt32(clamping: max(count, 1))
    }

    /// The last moment of a track's own time that an edit begins at, in its ticks.
    private func start(_ track: [Box]) throws(BoxReader.Failure) -> Int64 {
        guard let edits = track.first(where: { $0.kind == "edts" }),
            let list = try boxes.boxes(in: edits.body).first(where: { $0.kind == "elst" })
        else { return 0 }
        let bytes = try boxes.bytes(list.body)
        let isLong = bytes.first == 1
        let (length, place) = isLong ? (20, 8) : (12, 4)
        return stride(from: 8, through: bytes.count - length, by: length).compactMap { entry in
            isLong
                ? BigEndian.value(bytes, at: entry + place, as: Int64.self)
                : BigEndian.value(bytes, at: entry + place, as: Int32.self).map(Int64.init)
        }.reduce(0, max)
    }

    private func number(_ box: Box, at place: Int64) throws(BoxReader.Failure) -> UInt32 {
        let start = box.body.lowerBound + place
        guard start + 4 <= box.end else { throw .unfamiliar }
        return BigEndian.value(try boxes.bytes(start..<start + 4), at: 0, as: UInt32.self) ?? 0
    }
}
