import GraphDSL
import LibAV

/// Reads the beginning of a file, or all of it, to learn what its header does not say, or says wrongly: what its first
/// frames look like, and when its packets are shown.
struct Survey {
    /// The facts of the picture, as its first frames have them.
    private(set) var picture: StreamDescription.Video?
    /// The facts of the sound, as its first frame has them; nil where none can be decoded.
    private(set) var sound: StreamDescription.Audio?
    /// When the first frame of sound begins, in microseconds of the file's own clock: what an encoder put before it to warm
    /// up is not heard, and left out.
    private(set) var soundStart: Int64?
    /// How many pictures were decoded.
    private(set) var pictures = 0
    /// How old the process was when the first was, in seconds.
    private var firstPicture: Double?
    /// When the packets of each stream are shown, in units of its time base.
    private(set) var times: [Int: [Int64]] = [:]
    /// When the last packet of each stream ends, in microseconds of the file's own clock.
    private var ends: [Int: Int64] = [:]
    /// When the last packet of each stream is shown, in units of its time base.
    private var lastTimes: [Int: Int64] = [:]
    /// Packet duration of each stream, in units of its time base; nil once two differ.
    private var packetDurations: [Int: Int64?] = [:]
    /// When the first packet of each stream is shown, in microseconds of the file's own clock.
    private(set) var starts: [Int: Int64] = [:]

    private let demuxer: Demuxer
    private let video: StreamDescription?
    private let audio: StreamDescription?
    /// Decodes the picture, and for a run that goes on from here.
    private let pictureDecoder: Decoder?
    private let threading: Decoder.Threading
    /// The same, as long as more pictures are looked at.
    private var videoDecoder: Decoder?
    private var audioDecoder: Decoder?
    /// What the picture's decoder gave.
    private var frames: [Frame] = []
    /// What was read and that decoder has not taken.
    private var rest: [Packet] = []
    /// Whether a run can go on from here: nothing was damaged, the end was not reached, and not much was read.
    private var isContinuable = true

    /// Frames that are looked at: some codecs tell of interlacing with the second field only.
    private static let enoughPictures = 3
    /// How many packets are kept for a run.
    private static let mostPackets = 64

    init(_ demuxer: Demuxer, video: StreamDescription?, audio: StreamDescription?) {
        self.demuxer = demuxer
        self.video = video
        self.audio = audio
        var threading = Decoder.Threading.none
        if case .video(let facts) = video?.content {
            picture = facts
            let rate = facts.averageFrameRate.isPositive ? Rational(facts.averageFrameRate).value : 0
            // HEVC, and others, tell their depth with the first frame only: 10 bits are counted on until then.
            let bitDepth = facts.pixelFormat == nil ? 10 : facts.bitDepth
            threading =
                PictureLoad(width: facts.width, height: facts.height, frameRate: rate, bitDepth: bitDepth).threading
        }
        self.threading = threading
        pictureDecoder = video.flatMap { try? Decoder(demuxer, stream: $0.index, threading: threading) }
        videoDecoder = pictureDecoder
        audioDecoder = audio.flatMap { try? Decoder(demuxer, stream: $0.index, threading: .none) }
        demuxer.select(Set([video?.index, audio?.index].compactMap(\.self)))
    }

    /// Reads until the first frames are known, and to the end where `wholeFile` is set.
    ///
    /// - Throws: ``AVError``, only for a cancellation: damage ends the reading.
    mutating func read(wholeFile: Bool) throws(AVError) {
        while wholeFile || videoDecoder != nil || audioDecoder != nil {
            if videoDecoder == nil, audioDecoder == nil { demuxer.liftAllowance() }
            let packet: Packet?
            do throws(AVError) { packet = try demuxer.next() } catch {
                if error.isCancelled { throw error }
                packet = nil
            }
            guard let packet else {
                isContinuable = false
                look(at: nil)
                listen(to: nil)
                return
            }
            note(packet)
            let isPicture = packet.stream == video?.index
            if !isPicture || videoDecoder == nil { keep(packet) }
            if isPicture { look(at: packet) } else { listen(to: packet) }
        }
    }

    /// What a run goes on from; nil where it must begin anew.
    func beginning(of source: any ByteSource) -> Beginning? {
        guard isContinuable, let video, let pictureDecoder, let firstPicture else { return nil }
        return Beginning(
            source: source, demuxer: demuxer, video: video.index, decoder: pictureDecoder, threading: threading,
            frames: frames, firstFrame: firstPicture, packets: rest)
    }

    /// Keeps a packet for a run.
    private mutating func keep(_ packet: Packet) {
        if rest.count >= Self.mostPackets {
            isContinuable = false
            rest = []
        }
        if isContinuable { rest.append(packet) }
    }

    private mutating func note(_ packet: Packet) {
        let timeBase = demuxer.streams[packet.stream].timeBase
        guard !packet.isHidden, let time = packet.pts ?? packet.dts else { return }
        let start = timeBase.rescale(time, to: .microseconds)
        let end =
            packet.duration > 0
            ? timeBase.rescale(time &+ packet.duration, to: .microseconds) : start &+ usualLength(packet)
        times[packet.stream, default: []].append(time)
        starts[packet.stream] = min(starts[packet.stream] ?? start, start)
        ends[packet.stream] = max(ends[packet.stream] ?? end, end)
        lastTimes[packet.stream] = max(lastTimes[packet.stream] ?? time, time)
        if packetDurations[packet.stream, default: packet.duration] != packet.duration {
            packetDurations[packet.stream] = .some(nil)
        } else {
            packetDurations[packet.stream] = packet.duration
        }
    }

    /// When a stream ends, in microseconds of the file's own clock.
    ///
    /// - Parameter step: median frame interval, in units of the time base. If all packets have the same duration, it comes from an
    ///   average rate: the last frame then lasts one interval, if that is shorter.
    func end(of stream: Int, step: Int64?) -> Int64? {
        guard let step, let last = lastTimes[stream], case .some(.some(let length)) = packetDurations[stream],
            length > step
        else {
            return ends[stream]
        }
        return demuxer.streams[stream].timeBase.rescale(last &+ step, to: .microseconds)
    }

    /// How long a picture that does not say is shown, in microseconds.
    private func usualLength(_ packet: Packet) -> Int64 {
        guard packet.stream == video?.index, let rate = picture?.averageFrameRate, rate.isPositive else { return 0 }
        return Fraction(rate.denominator, rate.numerator).rescale(1, to: .microseconds)
    }

    /// Decodes pictures until enough have been seen.
    private mutating func look(at packet: Packet?) {
        guard let decoder = videoDecoder else { return }
        // Damage is for the run to count.
        let (decoded, isWhole) = Self.decode(packet, decoder)
        if !isWhole { isContinuable = false }
        for frame in decoded {
            frames.append(frame)
            // A stream may change its size at once; the first frame is what the rest is adapted to.
            if pictures == 0 {
                firstPicture = ProcessAge.seconds
                picture?.refine(with: frame)
            }
            if frame.isInterlaced { picture?.isInterlaced = true }
            pictures += 1
        }
        if pictures >= Self.enoughPictures || packet == nil { videoDecoder = nil }
    }

    /// Decodes sound until the first frame.
    private mutating func listen(to packet: Packet?) {
        guard let decoder = audioDecoder else { return }
        if let frame = Self.decode(packet, decoder).frames.first {
            sound = StreamDescription.Audio(frame)
            soundStart = frame.pts.map { decoder.timeBase.rescale($0, to: .microseconds) }
            audioDecoder = nil
        }
        if packet == nil { audioDecoder = nil }
    }

    /// What a decoder gives for a packet, and whether it took it without complaint.
    private static func decode(_ packet: Packet?, _ decoder: Decoder) -> (frames: [Frame], isWhole: Bool) {
        var frames: [Frame] = []
        var isWhole = true
        do throws(AVError) { try decoder.send(packet) } catch { isWhole = false }
        do throws(AVError) { while let frame = try decoder.receive() { frames.append(frame) } } catch {
            isWhole = false
        }
        return (frames, isWhole)
    }
}
