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
        /// Whether frames are shown in another order than they are decoded in (B frames).
        public var isReordered: Bool
        /// Bits a component, 8 or more.
        public var bitDepth: Int
        /// Whether the picture has transparency.
        public var hasAlpha: Bool
        /// The brightest light in the picture, in cd/m² (MaxCLL, or the mastering display's); nil where nothing says.
        public var lightLevel: Double?
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
    /// Whether there is a decoder for it that may be used.
    public var isDecodable: Bool
    /// The unit of its times, in seconds.
    public var timeBase: Fraction
    /// When its first frame is shown, in microseconds of the container's clock, where that is known.
    public var start: Int64?
    /// How long it lasts, in microseconds, where the container says.
    public var duration: Int64?
    /// Whether the container marks it as the one to play.
    public var isDefault: Bool
    /// Whether it is a picture that goes with another and is not shown itself, as a depth map is.
    public var isAuxiliary = false
    /// How many frames it has, where the container says.
    public var frameCount: Int?

    /// Whether it carries pictures.
    var isVideo: Bool {
        if case .video = content { true } else { false }
    }

    /// Whether it is a picture with transparency.
    var hasAlpha: Bool {
        if case .video(let facts) = content { facts.hasAlpha } else { false }
    }
}

extension StreamDescription {
    init(_ stream: UnsafePointer<AVStream>) {
        let it = stream.pointee
        let parameters = it.codecpar.pointee
        index = Int(it.index)
        codec = String(cString: avcodec_get_name(parameters.codec_id))
        isDecodable = AllowedMedia.decoder(of: parameters.codec_id) != nil
        timeBase = Fraction(it.time_base)
        let timeBase = timeBase
        func microseconds(_ time: Int64) -> Int64? {
            time == cav_no_pts ? nil : timeBase.rescale(time, to: .microseconds)
        }
        start = microseconds(it.start_time)
        duration = it.duration > 0 ? microseconds(it.duration) : nil
        isDefault = it.disposition & AV_DISPOSITION_DEFAULT != 0
        frameCount = it.nb_frames > 0 ? Int(it.nb_frames) : nil
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
        let format = AVPixelFormat(parameters.format)
        width = Int(parameters.width)
        height = Int(parameters.height)
        // The container's word for the shape of a pixel counts before the codec's.
        sampleAspect = Fraction(
            it.sample_aspect_ratio.num > 0 ? it.sample_aspect_ratio : parameters.sample_aspect_ratio)
        averageFrameRate = Fraction(it.avg_frame_rate)
        baseFrameRate = Fraction(it.r_frame_rate)
        orientation = cav_stream_display_matrix(stream).map { Orientation(matrix: $0) } ?? .upright
        // One picture beside the film: attached to the file, or a track of thumbnails.
        isAttachedPicture = it.disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS) != 0
        isInterlaced = ![AV_FIELD_UNKNOWN, AV_FIELD_PROGRESSIVE].contains(parameters.field_order)
        isReordered = parameters.video_delay > 0
        // WebM keeps transparency beside the codec's own data, and says so in a tag of the track.
        hasAlpha =
            av_dict_get(it.metadata, "alpha_mode", nil, 0).map { String(cString: $0.pointee.value) == "1" } ?? false
        let light = cav_stream_light_level(stream)
        lightLevel = light > 0 ? light : nil
        bitDepth = 8
        setFormat(format)
        setColours(
            range: parameters.color_range, space: parameters.color_space, primaries: parameters.color_primaries,
            transfer: parameters.color_trc)
    }

    /// Takes over what the first decoded frame says: the codec's own word counts before the container's.
    public mutating func refine(with frame: Frame) {
        let it = frame.pointer.pointee
        (width, height) = (Int(it.width), Int(it.height))
        if !sampleAspect.isPositive { sampleAspect = Fraction(it.sample_aspect_ratio) }
        isInterlaced = isInterlaced || frame.isInterlaced
        let light = cav_frame_light_level(frame.pointer)
        if light > 0 { lightLevel = light }
        setFormat(AVPixelFormat(it.format))
        setColours(range: it.color_range, space: it.colorspace, primaries: it.color_primaries, transfer: it.color_trc)
    }

    private mutating func setFormat(_ format: AVPixelFormat) {
        guard format != AV_PIX_FMT_NONE, let descriptor = av_pix_fmt_desc_get(format) else { return }
        pixelFormat = String(cString: descriptor.pointee.name)
        bitDepth = Int(descriptor.pointee.comp.0.depth)
        if descriptor.pointee.flags & UInt64(AV_PIX_FMT_FLAG_ALPHA) != 0 || format == AV_PIX_FMT_PAL8 {
            hasAlpha = true
        }
    }

    /// Sets what is said of the colours; what is not said stays as it was.
    private mutating func setColours(
        range: AVColorRange, space: AVColorSpace, primaries: AVColorPrimaries, transfer: AVColorTransferCharacteristic
    ) {
        func name(_ text: UnsafePointer<CChar>?, _ isKnown: Bool, _ old: String?) -> String? {
            isKnown ? text.map { String(cString: $0) } : old
        }
        colourRange = name(av_color_range_name(range), range != AVCOL_RANGE_UNSPECIFIED, colourRange)
        colourSpace = name(av_color_space_name(space), space != AVCOL_SPC_UNSPECIFIED, colourSpace)
        colourPrimaries = name(
            av_color_primaries_name(primaries), primaries != AVCOL_PRI_UNSPECIFIED, colourPrimaries)
        colourTransfer = name(av_color_transfer_name(transfer), transfer != AVCOL_TRC_UNSPECIFIED, colourTransfer)
    }
}

extension StreamDescription.Audio {
    fileprivate init(_ parameters: AVCodecParameters) {
        self.init(sampleRate: parameters.sample_rate, layout: parameters.ch_layout)
    }

    /// What a decoded frame says: the codec's own word counts before the container's.
    public init(_ frame: Frame) {
        self.init(sampleRate: frame.pointer.pointee.sample_rate, layout: frame.pointer.pointee.ch_layout)
    }

    private init(sampleRate: Int32, layout: AVChannelLayout) {
        self.sampleRate = Int(sampleRate)
        channels = Int(layout.nb_channels)
        var layout = layout
        channelLayout = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            buffer.initialize(repeating: 0)
            av_channel_layout_describe(&layout, buffer.baseAddress, buffer.count)
            return buffer.baseAddress.map { String(cString: $0) } ?? ""
        }
    }
}
