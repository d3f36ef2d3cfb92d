import GraphDSL
import LibAV

/// What a container says of its length, and whether its own list of packets bears it out.
struct Claim {
    /// How long the container says it is.
    let duration: Seconds?
    /// Whether that can be believed without reading the packets.
    let isCredible: Bool
    /// When the packets of the picture are decoded, in units of the stream's time base, where the container lists them.
    let times: [Int64]?
    /// How many packets an edit list leaves out.
    let hiddenFrames: Int

    /// The claim of an open container, from the list of the picture's packets.
    ///
    /// - Parameters:
    ///   - bytes: the file's size.
    ///   - isDistant: whether reading it takes journeys: an end that may be a frame or two off is believed then.
    init(_ demuxer: Demuxer, video: StreamDescription?, bytes: Int64?, isDistant: Bool) {
        duration = demuxer.duration.flatMap(Seconds.init(plausible:))
        guard let video, let said = video.duration, let index = demuxer.index(of: video.index) else {
            isCredible = false
            times = nil
            hiddenFrames = 0
            return
        }
        hiddenFrames = index.hidden
        // All frames must be in the file.
        let listed = video.timeBase.rescale(index.length, to: .microseconds)
        let tolerance = 2_000 &+ video.timeBase.rescale(index.interval, to: .microseconds) / 4
        isCredible =
            index.times.count > 1 && (listed &- said).magnitude < tolerance.magnitude && index.end <= bytes ?? .max
            && (isDistant || index.isEven)
        times = isCredible ? index.times : nil
    }

    /// When a stream ends, in microseconds of the file's own clock; not after the container's own end.
    func end(of stream: StreamDescription) -> Int64? {
        let length = [stream.duration, duration?.microseconds].compactMap(\.self).min()
        return length.map { (stream.start ?? 0) &+ $0 }
    }
}

extension Seconds {
    /// A time that a file claims; nil where it is more than 30 years, which no clip is, and no arithmetic need bear.
    init?(plausible microseconds: Int64) {
        guard microseconds.magnitude < 1_000_000_000_000_000 else { return nil }
        self.init(microseconds: microseconds)
    }
}
