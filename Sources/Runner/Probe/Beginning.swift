import GraphDSL
import LibAV
import Synchronization

/// What a probe has read and decoded of a clip: a run goes on from there, and decodes no picture a second time.
///
/// Sendable because it has one owner at a time: the probe makes it, the run takes it, and who had it touches it no more.
final class Beginning: @unchecked Sendable {
    /// The clip's bytes.
    let source: any ByteSource
    /// Stands behind all that was read.
    let demuxer: Demuxer
    /// The picture's stream.
    let video: Int
    /// Has taken the picture's packets, but for those that ``takePackets()`` gives.
    let decoder: Decoder
    /// How that decoder shares its work.
    let threading: Decoder.Threading
    /// How old the process was when that decoder gave its first frame, in seconds.
    let firstFrame: Double

    private let frames: Mutex<[Frame]>
    private let packets: Mutex<[Packet]>

    /// - Parameters:
    ///   - frames: what the decoder gave.
    ///   - firstFrame: how old the process was when it gave the first, in seconds.
    ///   - packets: what was read and is nobody's yet, in its order.
    init(
        source: any ByteSource, demuxer: Demuxer, video: Int, decoder: Decoder, threading: Decoder.Threading,
        frames: [Frame], firstFrame: Double, packets: [Packet]
    ) {
        self.source = source
        self.demuxer = demuxer
        self.video = video
        self.decoder = decoder
        self.threading = threading
        self.firstFrame = firstFrame
        self.frames = Mutex(frames)
        self.packets = Mutex(packets)
    }

    /// Whether the clip can be read so far from here; nil for its end.
    func reaches(_ end: Seconds?) -> Bool {
        guard let short = source as? ShortIndexSource else { return true }
        return end.map { $0 <= short.end } ?? false
    }

    /// Gives away the pictures that the decoder gave. Frames are large: nobody keeps them.
    func takeFrames() -> [Frame] {
        frames.withLock { frames in
            defer { frames = [] }
            return frames
        }
    }

    /// Gives away what was read and is nobody's yet, in its order.
    func takePackets() -> [Packet] {
        packets.withLock { packets in
            defer { packets = [] }
            return packets
        }
    }

    /// Whether a run that reads an input so can go on from here: from the file's beginning, at its own time 0, with the picture
    /// decoded as it was.
    func suits(_ input: Plan.Input, copying copied: Plan.CopiedPicture?) -> Bool {
        guard input.asset == nil, input.start == .zero, input.from ?? .zero == .zero, copied == nil else {
            return false
        }
        let picture = input.streams.first { $0.kind == .video }
        return picture?.index == video && picture?.threading == threading
    }
}

/// Where the beginning of the clip lies that was planned for last, until its run takes it.
final class BeginningShelf: Sendable {
    private let shelf = Mutex<(clip: String, beginning: Beginning)?>(nil)

    func put(_ beginning: Beginning?, of clip: String) { shelf.withLock { $0 = beginning.map { (clip, $0) } } }

    /// Gives a clip's beginning away, where it is there.
    func take(_ clip: String) -> Beginning? {
        shelf.withLock { shelf in
            guard let there = shelf, there.clip == clip else { return nil }
            shelf = nil
            return there.beginning
        }
    }
}
