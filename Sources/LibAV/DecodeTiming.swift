import CLibAV

/// Times of a stream whose container has decode times only: AVI, and Matroska tracks in AVI's way (`V_MS/VFW/FOURCC`).
///
/// Packets are numbered in decode order, and the picture begins with the first of them: the nth frame in order of display is
/// shown at the nth decode time. Empty chunks repeat a frame; those that a muxer puts among the packets before the first
/// frame can be shown repeat nothing, and are taken out.
struct DecodeTiming: Hashable {
    /// The decode times of the first packets, up to the one that shows the first frame, in units of the stream's time base.
    private let first: [Int64]
    /// A frame's length in the same unit.
    private let step: Int64

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
        guard container == "avi" || isVideoForWindows else { return nil }
        let rate = stream.pointee.avg_frame_rate
        step = rate.num > 0 ? max(1, Fraction(rate.den, rate.num).rescale(1, to: Fraction(stream.pointee.time_base))) : 1
        // Without a reorder delay too: libavformat's own muxer may put an empty chunk behind the first packet.
        let shown = max(1, Int(parameters.video_delay))
        var first: [Int64] = []
        for index in 0..<avformat_index_get_entries_count(stream) where first.count <= shown {
            guard let entry = avformat_index_get_entry(stream, index)?.pointee, entry.size > 0 else { continue }
            first.append(entry.timestamp)
        }
        self.first = container == "avi" && first.count == shown + 1 ? first : []
    }

    /// A decode time without the empty chunks before the first frame.
    func time(_ decoded: Int64) -> Int64 {
        guard let begin = first.first, let shown = first.last, surplus > 0 else { return decoded }
        guard decoded < shown else { return decoded &- surplus }
        return begin &+ Int64(first.firstIndex { $0 >= decoded } ?? 0) &* step
    }
}

/// Gives frames in order of display their packets' decode times, in order.
///
/// A frame that is lost leaves a gap at its place: times are those of the frames' own packets, sorted within the reorder
/// delay.
struct DisplayOrder {
    private var frames: [Frame] = []
    private var times: [Int64] = []

    /// Takes the next frame, its time its own packet's.
    ///
    /// - Returns: the frame that is `delay` frames before it, with its time; nil where there is none yet.
    mutating func take(_ frame: Frame, delay: Int) -> Frame? {
        if let time = frame.pts { times.insert(time, at: times.firstIndex { $0 > time } ?? times.endIndex) }
        frames.append(frame)
        return frames.count > delay ? next() : nil
    }

    /// The next frame that was held back, with its time; nil where there is none.
    mutating func next() -> Frame? {
        guard !frames.isEmpty else { return nil }
        let frame = frames.removeFirst()
        frame.pts = times.isEmpty ? nil : times.removeFirst()
        return frame
    }

    /// Forgets all frames.
    mutating func clear() { self = DisplayOrder() }
}
