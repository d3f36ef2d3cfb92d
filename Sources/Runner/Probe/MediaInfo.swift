public import GraphDSL
public import LibAV

/// What a media file is, as far as a pipeline cares.
public struct MediaInfo: Hashable, Codable, Sendable {
    /// The container, by libavformat's names.
    public var container: String
    /// The file's size in bytes, where it is known.
    public var bytes: Int64?
    /// The moment of the file's own clock that is the pipeline's time 0: where the picture begins, or well before it the
    /// sound.
    public var start: Seconds
    /// How long it lasts from there; nil for a still picture.
    public var duration: Seconds?
    /// Whether the duration was measured on the packets, because the container does not say or cannot be believed.
    public var isDurationMeasured: Bool
    /// How long the container says that it lasts, where its frames say otherwise.
    public var claimedDuration: Seconds?
    /// How many frames an edit list leaves out.
    public var hiddenFrames: Int
    /// The one real video stream, or the still picture.
    public var video: Video?
    /// The sound that goes with it.
    public var audio: Audio?
    /// The streams that are not used, a few words each.
    public var ignored: [String]

    /// The facts of the video stream.
    public struct Video: Hashable, Codable, Sendable {
        /// Its index in the container.
        public var stream: Int
        /// The codec, by libavcodec's name.
        public var codec: String
        /// Pixels as coded.
        public var codedSize: PictureSize
        /// The shape of a coded pixel, width to height.
        public var sampleAspect: Rational
        /// How the coded picture must be turned to stand upright.
        public var orientation: Orientation
        /// Frames a second on average.
        public var frameRate: Rational
        /// Whether the times of the frames are not all equally far apart, or too few to tell at a rate that no camera has.
        public var isVariableFrameRate: Bool
        /// Where ``frameRate`` comes from.
        public var frameRateBasis: FrameRateBasis
        /// The pixel format, by libavutil's name.
        public var pixelFormat: String
        /// Bits a component.
        public var bitDepth: Int
        /// Its colours.
        public var colour: ColourDescription
        /// Whether its frames are interlaced: by the container, or by the frames themselves.
        public var isInterlaced: Bool
        /// Whether it has transparency.
        public var hasAlpha: Bool
        /// Whether there is a decoder for it that may be used.
        public var isSupported: Bool
        /// Whether at least one frame could be decoded.
        public var isDecodable: Bool
        /// When its last frame ends, from time 0, where that is known.
        public var duration: Seconds?
        /// Whether frames are shown in another order than they are decoded in.
        public var isReordered: Bool
        /// When the frames are shown that decoding can begin with, from time 0; empty where the container has no complete
        /// list of them.
        public var keyFrames: [Seconds]

        /// How the coded picture lies, in words; nil where it stands upright.
        public var turn: String? {
            switch orientation {
            case .upright: nil
            case .mirrored: "mirrored"
            case .flipped: "flipped"
            case .upsideDown: "turned by 180°"
            case .clockwise: "turned by 90°"
            case .counterclockwise: "turned by 270°"
            case .transposed, .antitransposed: "turned and mirrored"
            }
        }

        /// The picture's size when it stands upright with square pixels, both sides even.
        public var displaySize: PictureSize { orientation.swapsSides ? squareSize.turned : squareSize }

        /// The picture's size with square pixels, both sides even, as it lies in the file: a side that is odd loses its last
        /// line, pixels that are not square are stretched.
        var squareSize: PictureSize {
            guard sampleAspect != 1 else {
                return PictureSize(width: max(2, codedSize.width / 2 * 2), height: max(2, codedSize.height / 2 * 2))
            }
            var (width, height) = (Double(codedSize.width), Double(codedSize.height))
            if sampleAspect > 1 { width *= sampleAspect.value } else { height /= sampleAspect.value }
            return PictureSize(width: evenSide(width), height: evenSide(height))
        }

        /// What decoding it takes.
        var load: PictureLoad {
            PictureLoad(
                width: codedSize.width, height: codedSize.height, frameRate: frameRate.value, bitDepth: bitDepth)
        }

        private func evenSide(_ side: Double) -> Int { max(2, Int((side / 2).rounded()) * 2) }
    }

    /// Where a frame rate comes from.
    public enum FrameRateBasis: Hashable, Codable, Sendable {
        /// The container says it; the times of so many frames agree, 0 where they were not read.
        case container(frames: Int)
        /// The times of so many frames, where the container does not say or they say otherwise.
        case times(frames: Int)
        /// Nothing says.
        case assumed
    }

    /// The facts of the audio stream.
    public struct Audio: Hashable, Codable, Sendable {
        /// Its index in the container.
        public var stream: Int
        /// The codec, by libavcodec's name.
        public var codec: String
        /// Samples a second.
        public var sampleRate: Int
        /// How many channels.
        public var channels: Int
        /// The channel layout, by libavutil's name.
        public var channelLayout: String
        /// When it ends, from time 0, where that is known.
        public var duration: Seconds?
    }
}

extension PictureSize {
    /// Height and width swapped.
    var turned: PictureSize { PictureSize(width: height, height: width) }
}

/// The colours of a video stream: what it says, and what is taken where it says nothing.
public struct ColourDescription: Hashable, Codable, Sendable {
    /// The YUV matrix, by libavutil's name; nil where the stream does not say.
    public var matrix: String?
    /// The transfer characteristics, by libavutil's name; nil where the stream does not say.
    public var transfer: String?
    /// The primaries, by libavutil's name; nil where the stream does not say.
    public var primaries: String?
    /// Whether it is full range (0 to 255): by its tag, or by its pixel format (`yuvj420p`, RGB).
    public var isFullRange: Bool
    /// The brightest light in the picture, in cd/m² (MaxCLL, or the mastering display's); nil where nothing says.
    public var lightLevel: Double?
    /// Whether it is high dynamic range: PQ (SMPTE ST 2084) or HLG (ARIB STD-B67).
    public var isHDR: Bool { transfer == "smpte2084" || transfer == "arib-std-b67" }
}

extension MediaInfo {
    /// A clip that needs nothing, as a pipeline is bound to before there is one.
    static func plain(size: PictureSize, frameRate: Rational) -> MediaInfo {
        let length = Seconds(60)
        let video = Video(
            stream: 0, codec: "h264", codedSize: size, sampleAspect: 1, orientation: .upright, frameRate: frameRate,
            isVariableFrameRate: false, frameRateBasis: .container(frames: 0), pixelFormat: "yuv420p", bitDepth: 8,
            colour: ColourDescription(
                matrix: "bt709", transfer: "bt709", primaries: "bt709", isFullRange: false, lightLevel: nil),
            isInterlaced: false, hasAlpha: false, isSupported: true, isDecodable: true, duration: length,
            isReordered: true, keyFrames: [])
        let audio = Audio(
            stream: 1, codec: "aac", sampleRate: 48_000, channels: 2, channelLayout: "stereo", duration: length)
        return MediaInfo(
            container: "mov", bytes: nil, start: .zero, duration: length, isDurationMeasured: true,
            claimedDuration: nil, hiddenFrames: 0, video: video, audio: audio, ignored: [])
    }
}
