import CLibAV

/// What a container says of one of its streams, in Swift values.
public struct StreamDescription: Hashable, Sendable {
    /// What a stream carries.
    public enum Content: Hashable, Sendable {
        /// Pictures.
        case video(Video)
        /// Sound.
        case audio(Audio)
        /// Subtitles, data, attachments: nothing that a pipeline uses. The kind, by libavutil's name.
        case other(String)
    }

    /// The facts of a video stream.
    public struct Video: Hashable, Sendable {
        /// Pixels as coded, before any orientation or sample aspect.
        public var width: Int
        /// Pixels as coded, before any orientation or sample aspect.
        public var height: Int
        /// The shape of a pixel; 0/1 where unknown.
        public var sampleAspect: Fraction
        /// Frames divided by time.
        public var averageFrameRate: Fraction
        /// The lowest rate at which all times can be told; equals the average where the rate is constant.
        public var baseFrameRate: Fraction
        /// libavutil's name, or nil where it cannot be told before decoding.
        public var pixelFormat: String?
        /// `tv` (limited) or `pc` (full); nil where the stream does not say.
        public var colourRange: String?
        /// The YUV matrix, by libavutil's name; nil where the stream does not say.
        public var colourSpace: String?
        /// The primaries, by libavutil's name; nil where the stream does not say.
        public var colourPrimaries: String?
        /// The transfer characteristics, by libavutil's name; nil where the stream does not say.
        public var colourTransfer: String?
        /// How the picture must be turned.
        public var orientation: Orientation
        /// Whether it is cover art: one picture, attached to the file.
        public var isAttachedPicture: Bool
        /// Whether the stream says that its frames are interlaced.
        public var isInterlaced: Bool
        /// Bits a component, 8 or more.
        public var bitDepth: Int
    }

    /// The facts of an audio stream.
    public struct Audio: Hashable, Sendable {
        /// Samples a second.
        public var sampleRate: Int
        /// How many channels.
        public var channels: Int
        /// libavutil's name of the layout.
        public var channelLayout: String
    }

    /// Its index in the container.
    public var index: Int
    /// What it carries.
    public var content: Content
    /// The codec, by libavcodec's name.
    public var codec: String
    /// Whether there is a decoder for it.
    public var isDecodable: Bool
    /// The unit of its times, in seconds.
    public var timeBase: Fraction
    /// How long it lasts, in microseconds, where the container says.
    public var duration: Int64?
    /// Whether the container marks it as the one to play.
    public var isDefault: Bool
}

extension StreamDescription {
    init(_ stream: UnsafePointer<AVStream>) {
        let it = stream.pointee
        let parameters = it.codecpar.pointee
        index = Int(it.index)
        codec = String(cString: avcodec_get_name(parameters.codec_id))
        isDecodable = avcodec_find_decoder(parameters.codec_id) != nil
        timeBase = Fraction(it.time_base)
        let timeBase = timeBase
        func microseconds(_ time: Int64) -> Int64? {
            time == cav_no_pts ? nil : timeBase.rescale(time, to: .microseconds)
        }
        duration = it.duration > 0 ? microseconds(it.duration) : nil
        isDefault = it.disposition & AV_DISPOSITION_DEFAULT != 0
        switch parameters.codec_type {
        case AVMEDIA_TYPE_VIDEO: content = .video(Video(stream))
        case AVMEDIA_TYPE_AUDIO: content = .audio(Audio(parameters))
        default:
            content = .other(av_get_media_type_string(parameters.codec_type).map { String(cString: $0) } ?? "unknown")
        }
    }
}

extension StreamDescription.Video {
    fileprivate init(_ stream: UnsafePointer<AVStream>) {
        let it = stream.pointee
        let parameters = it.codecpar.pointee
        func name(_ text: UnsafePointer<CChar>?, _ isKnown: Bool) -> String? {
            isKnown ? text.map { String(cString: $0) } : nil
        }
        let format = AVPixelFormat(parameters.format)
        width = Int(parameters.width)
        height = Int(parameters.height)
        // The container's word for the shape of a pixel counts before the codec's.
        sampleAspect = Fraction(
            it.sample_aspect_ratio.num > 0 ? it.sample_aspect_ratio : parameters.sample_aspect_ratio)
        averageFrameRate = Fraction(it.avg_frame_rate)
        baseFrameRate = Fraction(it.r_frame_rate)
        pixelFormat = name(av_get_pix_fmt_name(format), format != AV_PIX_FMT_NONE)
        colourRange = name(
            av_color_range_name(parameters.color_range), parameters.color_range != AVCOL_RANGE_UNSPECIFIED)
        colourSpace = name(av_color_space_name(parameters.color_space), parameters.color_space != AVCOL_SPC_UNSPECIFIED)
        colourPrimaries = name(
            av_color_primaries_name(parameters.color_primaries), parameters.color_primaries != AVCOL_PRI_UNSPECIFIED)
        colourTransfer = name(
            av_color_transfer_name(parameters.color_trc), parameters.color_trc != AVCOL_TRC_UNSPECIFIED)
        orientation = cav_stream_display_matrix(stream).map { Orientation(matrix: $0) } ?? .upright
        isAttachedPicture = it.disposition & AV_DISPOSITION_ATTACHED_PIC != 0
        isInterlaced = ![AV_FIELD_UNKNOWN, AV_FIELD_PROGRESSIVE].contains(parameters.field_order)
        bitDepth = av_pix_fmt_desc_get(format).map { Int($0.pointee.comp.0.depth) } ?? 8
    }
}

extension StreamDescription.Audio {
    fileprivate init(_ parameters: AVCodecParameters) {
        sampleRate = Int(parameters.sample_rate)
        channels = Int(parameters.ch_layout.nb_channels)
        var layout = parameters.ch_layout
        channelLayout = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            buffer.initialize(repeating: 0)
            av_channel_layout_describe(&layout, buffer.baseAddress, buffer.count)
            return buffer.baseAddress.map { String(cString: $0) } ?? ""
        }
    }
}
