import CLibAV

/// Encodes one stream.
///
/// Sendable because one thread at a time uses it: the one that makes it hands it to the one that encodes, whose start orders their accesses,
/// and keeps no reference.
public final class Encoder: @unchecked Sendable {
    /// What a video encoder is to make.
    public struct Video: Hashable, Sendable {
        /// The encoder, by libavcodec's name.
        public var encoder: String
        /// Pixels from left to right.
        public var width: Int
        /// Pixels from top to bottom.
        public var height: Int
        /// Frames a second, constant; a frame's time is its number.
        public var frameRate: Fraction
        /// The encoder's own options.
        public var options: [String: String]

        /// The settings of a video encoder: 8-bit 4:2:0, BT.709, limited range, square pixels.
        public init(encoder: String, width: Int, height: Int, frameRate: Fraction, options: [String: String]) {
            self.encoder = encoder
            self.width = width
            self.height = height
            self.frameRate = frameRate
            self.options = options
        }
    }

    /// What an audio encoder is to make.
    public struct Audio: Hashable, Sendable {
        /// The encoder, by libavcodec's name.
        public var encoder: String
        /// Samples a second.
        public var sampleRate: Int
        /// The channel layout, by libavutil's name.
        public var channelLayout: String
        /// Bits a second.
        public var bitRate: Int

        /// The settings of an audio encoder that takes planar floating-point samples.
        public init(encoder: String, sampleRate: Int, channelLayout: String, bitRate: Int) {
            self.encoder = encoder
            self.sampleRate = sampleRate
            self.channelLayout = channelLayout
            self.bitRate = bitRate
        }
    }

    /// The unit of the times that it takes and gives: a frame, or an audio sample.
    public let timeBase: Fraction

    let context: UnsafeMutablePointer<AVCodecContext>

    /// A video encoder.
    ///
    /// - Parameter threads: how many threads it may use; nil for as many as keep the processors busy.
    /// - Throws: ``AVError`` where there is no such encoder, or it refuses the settings.
    public convenience init(video: Video, threads: Int? = nil) throws(AVError) {
        var options = video.options
        options["threads"] = "\(threads ?? Processors.encoderThreads(height: video.height))"
        try self.init(
            video.encoder, options, timeBase: Fraction(video.frameRate.denominator, video.frameRate.numerator)
        ) {
            context in
            context.width = Int32(video.width)
            context.height = Int32(video.height)
            context.pix_fmt = AV_PIX_FMT_YUV420P
            context.framerate = video.frameRate.rational
            context.sample_aspect_ratio = AVRational(num: 1, den: 1)
            context.color_range = AVCOL_RANGE_MPEG
            context.colorspace = AVCOL_SPC_BT709
            context.color_primaries = AVCOL_PRI_BT709
            context.color_trc = AVCOL_TRC_BT709
            context.chroma_sample_location = AVCHROMA_LOC_LEFT
        }
    }

    /// A picture as a JPEG file (ITU-T T.81, JFIF): full range, BT.601.
    ///
    /// - Parameters:
    ///   - frame: of the pixel format `yuvj420p`.
    ///   - quality: from 2, the best, to 31, as `mjpeg` counts.
    /// - Throws: ``AVError``.
    public static func jpeg(_ frame: Frame, quality: Int32 = 4) throws(AVError) -> [UInt8] {
        let encoder = try Encoder("mjpeg", [:], timeBase: Fraction(1, 25)) { context in
            context.width = Int32(frame.width)
            context.height = Int32(frame.height)
            context.pix_fmt = AV_PIX_FMT_YUVJ420P
            context.color_range = AVCOL_RANGE_JPEG
            context.flags |= AV_CODEC_FLAG_QSCALE
            context.global_quality = quality * FF_QP2LAMBDA
            context.thread_count = 1
        }
        frame.pointer.pointee.quality = quality * FF_QP2LAMBDA
        try encoder.send(frame)
        guard let packet = try encoder.receive() else { throw AVError(cav_error(EAGAIN), "encode a picture") }
        return packet.bytes
    }

    /// An audio encoder.
    ///
    /// - Throws: ``AVError`` where there is no such encoder, or it refuses the settings.
    public convenience init(audio: Audio) throws(AVError) {
        var layout = AVChannelLayout()
        try AVError.check(av_channel_layout_from_string(&layout, audio.channelLayout), "read the channel layout")
        try self.init(audio.encoder, [:], timeBase: Fraction(1, Int32(audio.sampleRate))) { context in
            context.sample_rate = Int32(audio.sampleRate)
            context.sample_fmt = AV_SAMPLE_FMT_FLTP
            context.ch_layout = layout
            context.bit_rate = Int64(audio.bitRate)
        }
    }

    private init(
        _ name: String, _ options: [String: String], timeBase: Fraction, _ settings: (inout AVCodecContext) -> Void
    ) throws(AVError) {
        let operation = "encode with \(name)"
        guard let codec = avcodec_find_encoder_by_name(name) else {
            throw AVError(cav_error_encoder_not_found, operation)
        }
        context = try AVError.check(avcodec_alloc_context3(codec), operation)
        self.timeBase = timeBase
        context.pointee.time_base = timeBase.rational
        // The parameter sets go into the container's header, as MP4 demands.
        context.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER
        settings(&context.pointee)
        var dictionary: OpaquePointer?
        defer { av_dict_free(&dictionary) }
        for (key, value) in options { av_dict_set(&dictionary, key, value, 0) }
        let result = avcodec_open2(context, codec, &dictionary)
        let refused = av_dict_get(dictionary, "", nil, AV_DICT_IGNORE_SUFFIX)
        guard result >= 0, refused == nil else {
            let option = refused.map { ", option \(String(cString: $0.pointee.key))" } ?? ""
            // Every property has its value by now: deinit frees the context.
            throw AVError(result < 0 ? result : cav_error(EINVAL), operation + option)
        }
    }

    deinit {
        var pointer: UnsafeMutablePointer<AVCodecContext>? = context
        avcodec_free_context(&pointer)
    }

    /// How many samples an audio encoder takes at a time; 0 for any number, and for video.
    public var frameSize: Int { Int(context.pointee.frame_size) }

    /// Reorder delay: by how many frames the decode order lags behind the order of display; 0 without B frames, and for
    /// audio.
    public var reorderDelay: Int { Int(context.pointee.has_b_frames) }

    /// What a decoder needs before the first packet, as the encoder writes it: for H.264 the parameter sets, each behind a
    /// start code (ITU-T H.264, annex B).
    public var header: [UInt8] {
        let it = context.pointee
        return it.extradata.map { Array(UnsafeBufferPointer(start: $0, count: Int(it.extradata_size))) } ?? []
    }

    /// The versions of the libraries that make packets, which the same settings may come out of differently.
    public static var version: String { "libavcodec \(avcodec_version()), libavfilter \(avfilter_version())" }

    /// ``version`` for people: `libavcodec 59.37.100, libavfilter 8.44.100`.
    public static var versionText: String {
        func text(_ version: UInt32) -> String { "\(version >> 16).\(version >> 8 & 0xff).\(version & 0xff)" }
        return "libavcodec \(text(avcodec_version())), libavfilter \(text(avfilter_version()))"
    }

    /// Takes a frame at a time in units of ``timeBase``, or nil at the end; call ``receive()`` until it gives nothing
    /// before the next.
    ///
    /// - Throws: ``AVError``.
    public func send(_ frame: Frame?, at time: Int64 = 0) throws(AVError) {
        if let frame {
            frame.pts = time
            // The encoder decides on the kinds of its pictures, whatever the input's were.
            frame.pointer.pointee.pict_type = AV_PICTURE_TYPE_NONE
        }
        try AVError.check(avcodec_send_frame(context, frame?.pointer), "encode")
    }

    /// The next packet that is ready, or nil where there is none.
    ///
    /// - Throws: ``AVError``.
    public func receive() throws(AVError) -> Packet? {
        let packet = try Packet()
        let result = avcodec_receive_packet(context, packet.pointer)
        if result == cav_error(EAGAIN) || result == cav_error_eof { return nil }
        try AVError.check(result, "encode")
        // One frame, or one run of samples, lasts one unit of a frame.
        if packet.pointer.pointee.duration == 0, context.pointee.codec_type == AVMEDIA_TYPE_VIDEO {
            packet.pointer.pointee.duration = 1
        }
        return packet
    }
}
