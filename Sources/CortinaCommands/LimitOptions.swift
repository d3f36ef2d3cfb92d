import ArgumentParser
import GraphDSL
import Runner

/// What a job may take, as options.
struct LimitOptions: ParsableArguments {
    @Option(help: "The most pixels of a picture.")
    var limitPictureArea = Limits().pictureArea

    @Option(help: "The most streams of a file.")
    var limitStreams = Limits().streams

    @Option(help: "The most bytes that are read before a file has said what it is.")
    var limitProbeBytes = Limits().probeBytes

    @Option(help: "The most frames that are decoded of a clip, or made.")
    var limitFrames = Limits().frames

    @Option(help: "The longest that the work takes, in seconds.")
    var limitTime = Limits().time.value

    @Option(help: "The most memory that the program holds, in bytes.")
    var limitMemory = Limits().memory

    @Option(help: "The largest video that is made, in bytes.")
    var limitOutputBytes = Limits().outputBytes

    @Option(help: "The largest share of frames that may be undecodable, from 0 to 1.")
    var limitUndecodableShare = Limits().undecodableShare

    func validate() throws {
        let counts: [(String, Double)] = [
            ("picture-area", Double(limitPictureArea)), ("streams", Double(limitStreams)),
            ("probe-bytes", Double(limitProbeBytes)), ("frames", Double(limitFrames)), ("time", limitTime),
            ("memory", Double(limitMemory)), ("output-bytes", Double(limitOutputBytes)),
        ]
        for (name, value) in counts where !(value > 0 && value < 1e15) {
            throw ValidationError("--limit-\(name) is \(value), but must be greater than 0")
        }
        guard (0...1).contains(limitUndecodableShare) else {
            throw ValidationError("--limit-undecodable-share is \(limitUndecodableShare), but must be from 0 to 1")
        }
    }

    /// The limits.
    var limits: Limits {
        Limits(
            pictureArea: limitPictureArea, streams: limitStreams, probeBytes: limitProbeBytes, frames: limitFrames,
            time: Seconds(limitTime), memory: limitMemory, outputBytes: limitOutputBytes,
            undecodableShare: limitUndecodableShare)
    }
}
