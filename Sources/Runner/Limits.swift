public import GraphDSL
import LibAV

/// What one job may take, so that no file can take the machine. Each has an error of its own in ``RunError``.
public struct Limits: Hashable, Codable, Sendable {
    /// The most pixels of a picture, width times height; the default is 8192x4608.
    public var pictureArea: Int
    /// The most streams of a file.
    public var streams: Int
    /// The most bytes that are read of a file before it has said what it is.
    public var probeBytes: Int64
    /// The most frames that are decoded of an upload, or that an output has; the default is an hour at 60 a second.
    public var frames: Int
    /// The longest that a job takes; the default is what AWS Lambda gives, 15 minutes.
    public var time: Seconds
    /// Processor time of a media process, in seconds; nil for what ``time`` allows on all processors. A run in this process has no such
    /// limit.
    public var processorTime: Seconds?
    /// The most memory that the process holds, in bytes; libav's share in one piece is bound by it too.
    public var memory: Int
    /// The largest output, in bytes.
    public var outputBytes: Int64
    /// The largest share of an upload's frames that may be undecodable, from 0 to 1; with more it is refused as damaged.
    public var undecodableShare: Double

    /// Limits; those that are not given are good for a phone's clips on a small worker.
    public init(
        pictureArea: Int = 8192 * 4608, streams: Int = 64, probeBytes: Int64 = 64 << 20, frames: Int = 216_000,
        time: Seconds = 900, processorTime: Seconds? = nil, memory: Int = 1_500_000_000, outputBytes: Int64 = 4 << 30,
        undecodableShare: Double = 0.5
    ) {
        self.pictureArea = pictureArea
        self.streams = streams
        self.probeBytes = probeBytes
        self.frames = frames
        self.time = time
        self.processorTime = processorTime
        self.memory = memory
        self.outputBytes = outputBytes
        self.undecodableShare = undecodableShare
    }

    /// The most samples that a track may list. Clips that are trimmed may be longer than what is decoded of them, and sound has more
    /// packets than a picture has frames.
    var samples: Int { frames.multipliedReportingOverflow(by: 8).overflow ? .max : frames * 8 }

    /// What opening an upload may take.
    var opening: Demuxer.Allowance {
        Demuxer.Allowance(streams: streams, bytes: probeBytes, pictureArea: pictureArea)
    }
}
