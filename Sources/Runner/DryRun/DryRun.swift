public import GraphDSL

/// What a pipeline would do with a clip: found out by configuring the real filter graph and passing a few frames of the
/// clip through it. Nothing is written.
public struct DryRun: Hashable, Codable, Sendable {
    /// Which pipeline it is.
    public var pipeline: PipelineReference
    /// The digest of its manifest.
    public var digest: ContentDigest
    /// The files that would be read; the clip first.
    public var inputs: [String]
    /// What the clip needs before the first stage.
    public var normalisations: [String]
    /// The links of the filter graph as libavfilter negotiated them.
    public var links: [Link]
    /// What would come out.
    public var output: Output
    /// What the run would take.
    public var cost: Cost
    /// What is probably not meant, and what is not as it should be with the clip.
    public var warnings: [String]

    /// A link between two filters.
    public struct Link: Hashable, Codable, Sendable {
        /// The filter that it leaves, or `input` with the stream's label.
        public var from: String
        /// The stage that made that filter; nil for what binding put in, and for inputs.
        public var stage: String?
        /// The filter that it reaches, or `output`.
        public var to: String
        /// What it carries.
        public var kind: MediaKind
        /// The pixel or sample format, by libavutil's name.
        public var format: String
        /// The picture's size; nil for audio.
        public var size: PictureSize?
        /// The shape of a pixel; nil where it is not told, and for audio.
        public var sampleAspect: Rational?
        /// Frames a second; nil where it is not constant or not told, and for audio.
        public var frameRate: Rational?
        /// Samples a second; nil for video.
        public var sampleRate: Int?
        /// The channel layout, by libavutil's name; nil for video.
        public var channelLayout: String?
        /// The unit of its times, in seconds.
        public var timeBase: Rational
    }

    /// What would come out.
    public struct Output: Hashable, Codable, Sendable {
        /// The picture's size.
        public var size: PictureSize
        /// Frames a second.
        public var frameRate: Rational
        /// How many frames, where that can be told.
        public var frames: Int?
        /// How long it lasts, where that can be told.
        public var duration: Seconds?
        /// Whether it has sound.
        public var hasAudio: Bool
        /// About how many bytes, where that can be told.
        public var bytes: Int64?
    }

    /// What the run would take, as far as a short sample of it tells.
    public struct Cost: Hashable, Codable, Sendable {
        /// About how long on this machine, in seconds; nil where the sample gave no frame of the clip.
        public var seconds: Double?
        /// About how much memory at the most, in bytes.
        public var memory: Int
        /// How many frames a run would encode: all but those of bumpers that are in the cache; nil where that is unknown.
        public var encodedFrames: Int?
        /// How many frames of the body the sample has.
        public var sampledFrames: Int
        /// How long the sample took, in seconds.
        public var sampleSeconds: Double
    }
}
