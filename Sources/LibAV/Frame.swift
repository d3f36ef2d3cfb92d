import CLibAV

/// A decoded picture, or a run of audio samples.
///
/// Sendable because it has one owner at a time: a task hands it on through a queue, whose lock orders their accesses, and does not use it
/// afterwards.
public final class Frame: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<AVFrame>

    init() throws(AVError) { pointer = try AVError.check(av_frame_alloc(), "allocate a frame") }

    deinit {
        var pointer: UnsafeMutablePointer<AVFrame>? = pointer
        av_frame_free(&pointer)
    }

    /// Another frame of the same data.
    package func reference() throws(AVError) -> Frame {
        let copy = try Frame()
        try AVError.check(av_frame_ref(copy.pointer, pointer), "refer to a frame")
        return copy
    }

    /// When it is shown, in units of the time base of the decoder or filter that made it.
    public package(set) var pts: Int64? {
        get { pointer.pointee.pts == cav_no_pts ? nil : pointer.pointee.pts }
        set { pointer.pointee.pts = newValue ?? cav_no_pts }
    }

    /// How long it is shown, in units of the time base of the decoder that made it; 0 where that is unknown.
    public var duration: Int64 { cav_frame_duration(pointer) }
    /// Pixels from left to right; 0 for audio.
    public var width: Int { Int(pointer.pointee.width) }
    /// Pixels from top to bottom; 0 for audio.
    public var height: Int { Int(pointer.pointee.height) }
    /// Audio samples a channel; 0 for a picture.
    public var sampleCount: Int { Int(pointer.pointee.nb_samples) }
    /// What a filter noted of the frame under a name.
    public func metadata(_ name: String) -> String? {
        av_dict_get(pointer.pointee.metadata, name, nil, 0).map { String(cString: $0.pointee.value) }
    }
    /// Whether the decoder found the data damaged.
    public var isCorrupt: Bool {
        pointer.pointee.flags & AV_FRAME_FLAG_CORRUPT != 0 || pointer.pointee.decode_error_flags != 0
    }

    /// Whether it holds two fields, each of another moment.
    public var isInterlaced: Bool { cav_frame_is_interlaced(pointer) != 0 }

    /// What a filter graph is set up for; a frame of another shape cannot pass through it.
    public struct Shape: Hashable, Sendable {
        let format, width, height, sampleRate, channels: Int32
    }

    /// The frame's size and format.
    public var shape: Shape {
        let frame = pointer.pointee
        return Shape(
            format: frame.format, width: frame.width, height: frame.height, sampleRate: frame.sample_rate,
            channels: frame.ch_layout.nb_channels)
    }

    /// The pixel format, or that of the samples, by libavutil's name.
    public var formatName: String {
        let format = pointer.pointee.format
        let name =
            width > 0 ? av_get_pix_fmt_name(AVPixelFormat(format)) : av_get_sample_fmt_name(AVSampleFormat(format))
        return name.map { String(cString: $0) } ?? ""
    }

    /// One row of a plane's bytes after another, without the padding between them: for comparing pictures in tests
    /// and previews.
    ///
    /// - Parameter plane: 0 for luma or the only plane; 1 and 2 for chroma.
    public func bytes(plane: Int) -> [UInt8] {
        let frame = pointer.pointee
        let format = AVPixelFormat(frame.format)
        guard width > 0, let descriptor = av_pix_fmt_desc_get(format)?.pointee, plane < av_pix_fmt_count_planes(format)
        else { return [] }
        let row = Int(av_image_get_linesize(format, frame.width, Int32(plane)))
        let isChroma = plane == 1 || plane == 2
        let shift = isChroma ? Int(descriptor.log2_chroma_h) : 0
        let rows = (height + (1 << shift) - 1) >> shift
        return withUnsafeBytes(of: frame.data) { planes in
            withUnsafeBytes(of: frame.linesize) { strides in
                guard let base = planes.bindMemory(to: UnsafePointer<UInt8>?.self)[plane] else { return [] }
                let stride = Int(strides.bindMemory(to: Int32.self)[plane])
                return (0..<rows).flatMap { UnsafeBufferPointer(start: base + $0 * stride, count: row) }
            }
        }
    }

    /// The samples of one channel of planar floating-point audio, each from -1 to 1; empty for any other format.
    public func samples(channel: Int) -> [Float] {
        guard AVSampleFormat(pointer.pointee.format) == AV_SAMPLE_FMT_FLTP,
            channel < pointer.pointee.ch_layout.nb_channels,
            let data = pointer.pointee.extended_data?[channel]
        else { return [] }
        return data.withMemoryRebound(to: Float.self, capacity: sampleCount) {
            Array(UnsafeBufferPointer(start: $0, count: sampleCount))
        }
    }
}
