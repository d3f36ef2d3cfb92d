public import GraphDSL

/// What a run did.
public struct RunReport: Hashable, Codable, Sendable {
    /// Which pipeline ran.
    public var pipeline: PipelineReference
    /// The digest of its manifest.
    public var digest: ContentDigest
    /// Frames in the output.
    public var frames: Int
    /// The output's length.
    public var duration: Seconds
    /// From start to finish, in seconds of the clock on the wall.
    public var wallSeconds: Double
    /// What this process spent on it in all threads, in seconds of processor time.
    public var processorSeconds: Double
    /// What each kind of task worked, waiting not counted, in seconds; tasks run at the same time.
    public var workSeconds: [String: Double]
    /// From the process's start until the upload's first frame was decoded, in seconds; to a hundredth, and rather too much.
    public var firstFrameSeconds: Double?
    /// Bytes read of each input, by its name; the upload is `upload`.
    public var bytesRead: [String: Int64]
    /// The output file's size.
    public var bytesWritten: Int64
    /// What the clip needed before the first stage.
    public var normalisations: [String]
    /// What was not as it should be, though a whole video came out.
    public var warnings: [String]
    /// The files that the output is made of, by the numbers that the filter graph's labels begin with.
    public var inputs: [String]
    /// The graph of the whole output, as the `ffmpeg` program's `-filter_complex` would run it.
    public var filterGraph: String
    /// The pieces that were joined to the body as packets.
    public var segments: [Segment] = []

    /// A piece of the output that is the same for every upload.
    public struct Segment: Hashable, Codable, Sendable {
        /// How many frames it has.
        public var frames: Int
        /// Whether it was there already, and was not encoded for this run.
        public var isFromCache: Bool
    }
}

/// How far a run is.
public struct RunProgress: Hashable, Codable, Sendable {
    /// Frames encoded so far.
    public var frames: Int
    /// Frames that there will be, where that can be told.
    public var totalFrames: Int?
    /// From 0 to 1, where the total is known.
    public var fraction: Double?
    /// Seconds of output for each second spent.
    public var speed: Double
    /// Seconds since the start.
    public var elapsed: Double
    /// Seconds until the end at this speed, where the total is known.
    public var remaining: Double?
}
