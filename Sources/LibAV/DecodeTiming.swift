import CLibAV

/// Times of a stream whose container has decode times only: AVI, Matroska tracks in AVI's way (`V_MS/VFW/FOURCC`), and MPEG
/// program streams, which give some frames a presentation time and leave the others to be told.
///
/// Packets are numbered in decode order, and the picture begins with the first of them: the nth frame in order of display is
/// shown at the nth decode time. Empty chunks repeat a frame; where frames are reordered, those that a muxer puts among the
/// packets before the first frame can be shown repeat nothing, and are taken out.
struct DecodeTiming: Hashable {
    /// The decode times of the first packets, up to the one that shows the first frame, in units of the stream's time base.
    private let first: [Int64]
    /// A frame's length in the same unit.
    private let step: Int64
    /// How much later than the first is decoded the picture begins.
    private let lead: Int64

    /// What empty chunks before the first frame add to all later times, in units of the stream's time base.
    var surplus: Int64 {
        guard let begin = first.first, let shown = first.last else { return 0 }
        return max(0, shown &- begin &- Int64(first.count - 1) &* step)
    }

    /// The timing of a stream; nil where the container has presentation times.
    init?(_ stream: UnsafeMutablePointer<AVStream>, container: String) {
        let parameters = stream.pointee.codecpar.pointee
        guard parameters.codec_type == AVMEDIA_TYPE_VIDEO else { return nil }
        let isVideoForWindows = container.hasPrefix("matroska") && parameters.codec_tag != 0
        let isProgramStream =
            container == "mpeg" && [AV_CODEC_ID_MPEG1VIDEO, AV_CODEC_ID_MPEG2VIDEO].contains(parameters.codec_id)
        guard container == "avi" || isVideoForWindows || isProgramStream else { return nil }
        let rate = stream.pointee.avg_frame_rate
        step =
            rate.num > 0 ? max(1, Fraction(rate.den, rate.num).rescale(1, to: Fraction(stream.pointee.time_base))) : 1
        let shown = Int(parameters.video_delay)
        // A program stream's sound has presentation times, and the picture begins where they say.
        lead = isProgramStream ? Int64(parameters.video_delay) &* step : 0
        var first: [Int64] = []
        for index in 0..<avformat_index_get_entries_count(stream) where first.count <= shown {
            guard let entry = avformat_index_get_entry(stream, index)?.pointee, entry.size > 0 else { continue }
            first.append(entry.timestamp)
        }
        self.first = container == "avi" && first.count == shown + 1 ? first : []
    }

    /// The place of a decode time among the times of frames: without the empty chunks before the first frame.
    func time(_ decoded: Int64) -> Int64 {
        guard let begin = first.first, let shown = first.last, surplus > 0 else { return decoded &+ lead }
        guard decoded < shown else { return decoded &- surplus }
        return begin &+ Int64(first.firstIndex { $0 >= decoded } ?? 0) &* step
    }
}

/// Gives frames in order of display their packets' decode times, in order: the nth frame the nth time.
///
/// A packet that gives no frame leaves a gap: at the next frame that is coded by itself all frames decoded before it have been
/// shown, so that times which nobody took by then are dropped.
struct DisplayOrder {
    /// Times that no frame has, in order.
    private var times: [Int64] = []
    /// Times of packets whose frames have not come.
    private var awaited: Set<Int64> = []

    /// Takes the time of a packet that is decoded next.
    mutating func send(_ time: Int64) {
        times.append(time)
        awaited.insert(time)
    }

    /// The time of the next frame.
    ///
    /// - Parameters:
    ///   - own: its packet's time; nil where the decoder does not know it.
    ///   - isKey: whether it is coded by itself.
    mutating func time(own: Int64?, isKey: Bool) -> Int64? {
        if let own {
            awaited.remove(own)
            if isKey {
                let lost = awaited.filter { $0 < own }
                awaited.subtract(lost)
                times.removeFirst(min(lost.count, max(0, times.count - 1)))
            }
        }
        return times.isEmpty ? own : times.removeFirst()
    }
}
