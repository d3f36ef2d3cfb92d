import CLibAV

/// A container's own list of the packets of a stream.
public struct SampleIndex: Hashable, Sendable {
    /// When each packet that is shown is decoded, in units of the stream's time base, in order.
    public let times: [Int64]
    /// How many packets are decoded but not shown, because an edit list leaves them out.
    public let hidden: Int
    /// The first byte after the last packet, from the beginning of the file.
    public let end: Int64

    /// How long a packet lasts on average, in units of the stream's time base.
    public var interval: Int64 { span / Int64(max(1, times.count - 1)) }
    /// How long all packets last, in units of the stream's time base: the list spans all but the last.
    public var length: Int64 { span &+ interval }

    /// True if no interval exceeds the shortest by more than half. With B frames, uneven decode times do not show when the last
    /// frame ends.
    public var isEven: Bool {
        let steps = zip(times.dropFirst(), times).map { $0 &- $1 }.sorted()
        guard let shortest = steps.first, let longest = steps.last else { return true }
        return longest <= shortest &+ max(1, shortest / 2)
    }

    private var span: Int64 { (times.last ?? 0) &- (times.first ?? 0) }

    init?(_ stream: UnsafeMutablePointer<AVStream>) {
        let count = avformat_index_get_entries_count(stream)
        guard count > 0 else { return nil }
        var times: [Int64] = []
        times.reserveCapacity(Int(count))
        var hidden = 0
        var end: Int64 = 0
        for index in 0..<count {
            guard let entry = avformat_index_get_entry(stream, index)?.pointee else { continue }
            end = max(end, entry.pos &+ Int64(entry.size))
            if entry.flags & AVINDEX_DISCARD_FRAME != 0 { hidden += 1 } else { times.append(entry.timestamp) }
        }
        self.times = times
        self.hidden = hidden
        self.end = end
    }
}
