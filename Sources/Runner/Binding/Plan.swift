public import GraphDSL

/// A pipeline bound to a clip: everything that a run does, as a value.
public struct Plan: Hashable, Codable, Sendable {
    /// Which pipeline it is.
    public var pipeline: PipelineReference
    /// The digest of its manifest.
    public var digest: ContentDigest
    /// The files that are read; the upload first.
    public var inputs: [Input]
    /// The graph as executed: sources normalised, formulas computed, parameters filled in.
    public var graph: FilterGraph
    /// The graph in libavfilter's syntax. Its open inputs are labelled `INPUT:STREAM`, as `ffmpeg -filter_complex` labels
    /// them, its outputs `v` and `a`.
    public var filterGraph: String
    /// What comes out.
    public var output: OutputProfile
    /// The picture's size, where it can be told before libavfilter is asked.
    public var size: PictureSize?
    /// Whether the output has sound.
    public var hasAudio: Bool
    /// How long the output will be, where that can be told.
    public var duration: Seconds?
    /// What the clip needed before the first stage, in words.
    public var normalisations: [String]
    /// What is not as it should be with the clip, though it can be worked on.
    public var warnings: [String]
    /// What the pipeline does to the clip that may not be meant: enlarging, bars, cut content, dropped sound.
    public var advice: [String]
    /// The pieces of the output's time that are made apart and joined as packets, in order; none where it is made in one.
    public var segments: [Segment] = []
    /// What of the upload's picture is passed on as packets, in place of one that the graph makes; nil where it is encoded.
    public var copied: CopiedPicture?

    /// Frames of the upload that are passed on as they are.
    public struct CopiedPicture: Hashable, Codable, Sendable {
        /// The stream's index in the container.
        public var stream: Int
        /// The first frame, counted from time 0 at the output's frame rate: a key frame.
        public var first: Int
        /// The frame after the last; nil for all that there are.
        public var end: Int?
        /// Whether frames are shown in another order than they are decoded in.
        public var isReordered: Bool
    }

    /// A piece of the output's time, with a closed group of pictures.
    public struct Segment: Hashable, Codable, Sendable {
        /// What makes it: a plan of its own.
        public var plan: Plan
        /// What a piece is kept under that is the same for every upload: the digest of all that it depends on. Nil for the
        /// body, which has the sound of the whole; it is the only piece where the upload's picture is passed on.
        public var key: ContentDigest?
    }

    /// The plan of what the upload is in: the body, or all of it.
    public var body: Plan { segments.first { $0.key == nil }?.plan ?? self }

    /// A file that is read.
    public struct Input: Hashable, Codable, Sendable {
        /// The asset, or nil for the upload.
        public var asset: AssetPath?
        /// The moment of the file's own clock that is time 0.
        public var start: Seconds
        /// The moment before which nothing of it is needed; nil where all is.
        public var from: Seconds?
        /// The streams that are read.
        public var streams: [Stream]
    }

    /// A stream that is read.
    public struct Stream: Hashable, Codable, Sendable {
        /// Its index in the container.
        public var index: Int
        /// What it carries.
        public var kind: MediaKind
        /// The codec, for messages.
        public var codec: String
        /// The size of the frames as coded; nil for audio.
        public var size: PictureSize?
        /// The pixel format of the frames, by libavutil's name; nil for audio.
        public var format: String?
        /// The shape of a pixel; 1 for audio.
        public var sampleAspect: Rational
        /// When its last frame ends, from time 0; nil where that is not known, and for audio.
        public var end: Seconds?
        /// Pixels a second that are decoded; 0 for audio.
        public var load: Int
        /// About how many bytes a decoded frame takes; 0 for audio.
        public var frameBytes: Int
        /// Its label in the filter graph.
        public var label: String
    }

    /// How many frames the output will have, where that can be told.
    public var frames: Int? { duration.map { $0.frames(at: output.frameRate) } }

    /// The moment of the upload from which on nothing of it is needed, be it decoded or passed on; nil where there is none.
    var uploadEnd: Seconds? {
        guard let copied else { return graph.uploadEnd }
        guard let end = copied.end.map({ Seconds(Double($0) / output.frameRate.value) }) else { return nil }
        return hasAudio ? graph.uploadEnd.map { max($0, end) } : end
    }

    /// The labels of the filter graph's outputs, in the order of the output's streams.
    var sinks: [(label: String, kind: MediaKind)] {
        (copied == nil ? [("v", .video)] : []) + (hasAudio ? [("a", .audio)] : [])
    }
}
