import CLibAV

/// Frame times of streams that have decode times only: AVI, `V_MS/VFW/FOURCC` in Matroska, MPEG program streams.
///
/// Numbers packets by decode time; ``DisplayOrder`` makes frame times of that. An empty chunk of AVI repeats a frame. libavformat's
/// muxer writes the streams' common offset as empty chunks behind the first packet: those repeat nothing, and are removed.
struct DecodeTiming: Hashable {
    /// Decode times of the first packets, up to the one behind which no offset is written, in units of the time base.
    private let first: [Int64]
    /// Frame duration, in units of the time base.
    private let step: Int64
    /// Reorder delay, in frames.
    private let delay: Int
    /// Decode time of the next packet, if it does not say: program streams give one for several.
    private var expected: Int64?
    /// Delay from the first decode time to the first frame, in units of the time base.
    private let lead: Int64

    /// Sum of the empty chunks before the first frame, in units of the time base.
    private var surplus: Int64 {
        guard let begin = first.first, let end = first.last else { return 0 }
        return max(0, end &- begin &- Int64(first.count - 1) &* step)
    }

    /// Decode time to frame time, in units of the time base.
    var correction: Int64 { lead &- surplus }

    /// The timing of a stream; nil where the container has presentation times.
    ///
    /// - Parameter hasSound: whether the file has sound, whose encoder delay is an offset too.
    init?(_ stream: UnsafeMutablePointer<AVStream>, container: String, hasSound: Bool) {
        let parameters = stream.pointee.codecpar.pointee
        guard parameters.codec_type == AVMEDIA_TYPE_VIDEO else { return nil }
        let isAVI = container == "avi"
        let isVideoForWindows = container.hasPrefix("matroska") && parameters.codec_tag != 0
        let isProgramStream = container == "mpeg"
        guard isAVI || isVideoForWindows || isProgramStream else { return nil }
        // The codec's own rate, where it says one: an average needs times.
        let said = stream.pointee.r_frame_rate
        let rate = isProgramStream && said.num > 0 ? said : stream.pointee.avg_frame_rate
        // AVI counts chunks; its average rate leaves out the empty ones.
        step =
            isAVI || rate.num <= 0
            ? 1 : max(1, Fraction(rate.den, rate.num).rescale(1, to: Fraction(stream.pointee.time_base)))
        // A program stream's sound has presentation times, and the picture begins where they say.
        lead = isProgramStream ? Int64(parameters.video_delay) &* step : 0
        delay = Int(parameters.video_delay)
        first = isAVI ? Self.offsetTimes(stream, delay: delay, hasSound: hasSound) : []
    }

    /// The longest encoder delay of sound, in seconds: 1105 samples of MP3 at 44.1 kHz are 25 ms.
    private static let soundDelay = 0.03

    /// Decode times of the first packets of an AVI stream, between which empty chunks are an offset; empty if there is none.
    ///
    /// Without a reorder delay, the offset is the sound's encoder delay, rounded up to frames: a longer gap repeats the first frame.
    private static func offsetTimes(
        _ stream: UnsafeMutablePointer<AVStream>, delay: Int, hasSound: Bool
    ) -> [Int64] {
        let wanted = max(1, delay) + 1
        var times: [Int64] = []
        for index in 0..<avformat_index_get_entries_count(stream) where times.count < wanted {
            guard let entry = avformat_index_get_entry(stream, index)?.pointee, entry.size > 0 else { continue }
            times.append(entry.timestamp)
        }
        guard times.count == wanted, let begin = times.first, let end = times.last else { return [] }
        guard delay == 0 else { return times }
        let rate = stream.pointee.time_base
        let longest = rate.num > 0 ? (soundDelay * Double(rate.den) / Double(rate.num)).rounded(.up) : 0
        return hasSound && Double(end &- begin &- 1) <= longest ? times : []
    }

    /// Gives the frames of the stream their times, in display order.
    var displayOrder: DisplayOrder { DisplayOrder(delay: delay, step: step) }

    /// The place of the next packet's decode time among the times of frames.
    ///
    /// - Parameter decoded: its decode time; nil where it does not say.
    mutating func time(ofNext decoded: Int64?) -> Int64? {
        guard let decoded = decoded ?? expected else { return nil }
        expected = decoded &+ step
        return time(decoded)
    }

    /// Resets after a seek.
    mutating func seek() { expected = nil }

    private func time(_ decoded: Int64) -> Int64 {
        guard let begin = first.first, let end = first.last, surplus > 0, decoded < end else {
            return decoded &+ correction
        }
        return begin &+ Int64(first.firstIndex { $0 >= decoded } ?? 0) &* step
    }
}
