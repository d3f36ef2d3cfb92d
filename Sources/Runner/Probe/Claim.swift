import GraphDSL
import LibAV

/// What a container says of its length, and whether its own list of packets bears it out.
struct Claim {
    /// How long the container says it is.
    let duration: Seconds?
    /// Whether that can be believed without reading the packets.
    let isCredible: Bool
    /// When the packets of the picture are decoded, or shown where that was measured, in units of the stream's time base; nil where
    /// the container does not list them.
    private(set) var times: [Int64]?
    /// When the picture's last frame ends, in microseconds of the file's own clock, where that was measured.
    private var pictureEnd: (stream: Int, time: Int64)?
    /// How many packets an edit list leaves out.
    let hiddenFrames: Int

    /// The claim of an open container, from the list of the picture's packets.
    ///
    /// - Parameters:
    ///   - bytes: the file's size.
    ///   - isDistant: true if each read is a network request; an end one or two frames off is accepted then. Nearby uneven files are
    ///     read whole, and have no list of key frames.
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

    /// How many listed packets are few enough to be read for their times of presentation.
    private static let few = 200

    /// Whether the times of presentation are worth reading: where frames are reordered, the list does not tell when the last is
    /// shown.
    var isShort: Bool { isCredible && (times?.count ?? .max) <= Self.few }

    /// Reads when the packets of the picture are shown, out of a container that was opened for that.
    ///
    /// - Throws: ``AVError``, only for a cancellation.
    mutating func measure(_ video: StreamDescription, in demuxer: Demuxer) throws(AVError) {
        demuxer.select([video.index])
        var shown: [Int64] = []
        var end = Int64.min
        while shown.count <= 2 * Self.few {
            let packet: Packet?
            do throws(AVError) { packet = try demuxer.next() } catch {
                if error.isCancelled { throw error }
                return
            }
            guard let packet else { break }
            guard packet.stream == video.index, !packet.isHidden, let time = packet.pts else { continue }
            shown.append(time)
            end = max(end, time &+ packet.duration)
        }
        guard !shown.isEmpty, end > .min else { return }
        times = shown.sorted()
        pictureEnd = (video.index, video.timeBase.rescale(end, to: .microseconds))
    }

    /// When a stream ends, in microseconds of the file's own clock; not after the container's own end.
    func end(of stream: StreamDescription) -> Int64? {
        if let pictureEnd, pictureEnd.stream == stream.index { return pictureEnd.time }
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
