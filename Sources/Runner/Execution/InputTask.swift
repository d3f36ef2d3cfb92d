import Dispatch
import GraphDSL
import LibAV

/// The frames of one decoded stream on their way to the filter graph.
final class DecodeFeed: Sendable {
    /// The stream.
    let stream: Plan.Stream
    /// Whether it is the upload's picture.
    let isUpload: Bool
    /// Its frames, in the order of time.
    let frames: BoundedQueue<DecodedFrame>

    private let packets: PacketBuffer

    init(_ stream: Plan.Stream, of input: Plan.Input, _ packets: PacketBuffer, job: RunJob) {
        self.stream = stream
        isUpload = input.asset == nil && stream.kind == .video
        self.packets = packets
        frames = BoundedQueue(capacity: job.capacity(stream.waitingFrames))
    }

    /// Says that the graph wants no more of the stream: its tasks end.
    func close() {
        frames.close()
        packets.close(stream.index)
    }
}

/// A frame with what the filter graph must know of its stream.
struct DecodedFrame: Sendable {
    let frame: Frame
    let timeBase: Fraction
    let frameRate: Fraction
    /// When it ceases to be shown, in units of its time base.
    let end: Int64
}

extension DecodedFrame {
    /// A frame as it comes from a decoder; one that does not say how long it is shown lasts one at the stream's rate.
    init(_ frame: Frame, from decoder: Decoder) {
        let rate = decoder.frameRate
        let nominal =
            rate.isPositive ? Fraction(rate.denominator, rate.numerator).rescale(1, to: decoder.timeBase) : 0
        self.init(
            frame: frame, timeBase: decoder.timeBase, frameRate: rate,
            end: (frame.pts ?? 0) &+ (frame.duration > 0 ? frame.duration : nominal))
    }
}

/// Reads one file: a thread that takes it apart into packets, and a thread a stream that decodes them.
final class InputTask: Sendable {
    /// The decoded streams.
    let feeds: [DecodeFeed]
    /// The stream whose packets are passed on, where there is one.
    let copy: CopyFeed?

    private let input: Plan.Input
    private let name: String
    private let source: any ByteSource
    private let beginning: Beginning?
    private let packets: PacketBuffer
    private let job: RunJob
    /// When what is needed of it ends, in microseconds; nil where all is.
    private let end: Int64?

    /// - Parameter beginning: what of it was read and decoded already.
    init(_ input: Plan.Input, name: String, source: any ByteSource, beginning: Beginning? = nil, job: RunJob) {
        let packets = PacketBuffer(streams: input.streams.map(\.index), capacity: job.capacity(64))
        self.input = input
        self.name = name
        self.source = source
        self.beginning = beginning
        self.packets = packets
        self.job = job
        end = input.asset == nil ? job.plan.uploadEnd?.microseconds : nil
        let copied = input.asset == nil ? job.plan.copied?.stream : nil
        feeds = input.streams.filter { $0.index != copied }.map { DecodeFeed($0, of: input, packets, job: job) }
        copy = copied.map { CopyFeed(packets, stream: $0) }
    }

    /// Starts the threads.
    func start(in group: DispatchGroup) {
        for feed in feeds { job.onEnd { feed.close() } }
        if let copy { job.onEnd { copy.close() } }
        job.spawn("demux", in: group) { [self] () throws(RunError) in
            let (demuxer, first) = try openWhereNeeded()
            defer { note(demuxer) }
            try startDecoders(demuxer, in: group)
            try copy?.begin(demuxer, name: name)
            for packet in first { guard packets.push(packet) else { return } }
            try read(demuxer)
        } finally: { [packets, copy] in
            packets.finish()
            copy?.finish()
        }
    }

    /// Opens the file and goes to where it is needed from, or to its beginning where that place cannot be found.
    ///
    /// - Returns: the packets that were read on the way.
    private func openWhereNeeded() throws(RunError) -> (Demuxer, [Packet]) {
        if let beginning {
            beginning.demuxer.obey(job.cancellation)
            prepare(beginning.demuxer)
            return (beginning.demuxer, beginning.takePackets())
        }
        let demuxer = try open()
        if let packets = skip(demuxer) { return (demuxer, packets) }
        note(demuxer)
        return (try open(), [])
    }

    private func open() throws(RunError) -> Demuxer {
        let demuxer = try job.measure("demux") { () throws(RunError) in
            try Prober.open(source, name: name, limits: job.limits, depth: .headers, cancellation: job.cancellation)
        }
        prepare(demuxer)
        return demuxer
    }

    private func prepare(_ demuxer: Demuxer) {
        demuxer.liftAllowance()
        demuxer.origin = input.start.microseconds
        demuxer.select(Set(input.streams.map(\.index)))
    }

    private func note(_ demuxer: Demuxer) {
        job.note(bytesRead: demuxer.bytesRead, of: input.asset?.description ?? "upload")
    }

    /// Goes to the last key frame that is shown no later than what is needed begins.
    ///
    /// - Returns: the packets up to that key frame, none where reading is to begin at the beginning; nil where another key frame
    ///   was found, and the file must be opened anew.
    private func skip(_ demuxer: Demuxer) -> [Packet]? {
        guard let from = input.from, from > .zero, let video = input.streams.first(where: { $0.kind == .video })?.index,
            demuxer.streams.indices.contains(video), demuxer.index(of: video) != nil
        else { return [] }
        return try? job.measure("demux") { () throws(AVError) -> [Packet]? in
            try demuxer.seek(to: from.microseconds, stream: video)
            var packets: [Packet] = []
            while packets.count < Self.mostBeforeKey, let packet = try demuxer.next() {
                packets.append(packet)
                guard packet.stream == video else { continue }
                let shown = packet.pts.map { demuxer.streams[video].timeBase.rescale($0, to: .microseconds) }
                return packet.isKey && shown.map { $0 <= from.microseconds } == true ? packets : nil
            }
            return nil
        }
    }

    /// How many packets of sound may lie before a key frame.
    private static let mostBeforeKey = 1000

    private func startDecoders(_ demuxer: Demuxer, in group: DispatchGroup) throws(RunError) {
        for feed in feeds {
            guard demuxer.streams.indices.contains(feed.stream.index) else {
                throw .fault("'\(name)' has changed since it was probed")
            }
            let begun = beginning.flatMap { $0.video == feed.stream.index ? $0 : nil }
            let decoder: Decoder
            do throws(AVError) {
                decoder =
                    if let begun { begun.decoder } else {
                        try Decoder(demuxer, stream: feed.stream.index, threading: feed.stream.threading)
                    }
            } catch {
                throw Self.undecodable(feed.stream, name: name, asset: input.asset)
            }
            job.spawn("decode", in: group) { [self] () throws(RunError) in
                WorkThread.stepBack()
                var task = DecodeTask(feed, decoder, packets, name: name, asset: input.asset, job: job)
                if let begun { job.noteFirstFrame(at: begun.firstFrame) }
                try task.run(after: begun?.takeFrames() ?? [])
            } finally: {
                feed.frames.finish()
            }
        }
    }

    private func read(_ demuxer: Demuxer) throws(RunError) {
        while !job.cancellation.isCancelled {
            let packet: Packet?
            do throws(AVError) {
                packet = try job.measure("demux") { () throws(AVError) in try demuxer.next() }
            } catch {
                if error.isCancelled { return }
                if (source as? ShortIndexSource)?.isExceeded == true {
                    if packets.isMissed() { job.refuse(.index) }
                    return
                }
                if let failure = demuxer.sourceFailure { throw RunError(failure) }
                job.warn("\(name) is damaged: it was read up to the damage")
                return
            }
            guard let packet, packets.push(packet, isSpare: isSpare(packet, of: demuxer)) else { return }
        }
    }

    /// Whether a packet is decoded at or after the moment that ends what is needed.
    private func isSpare(_ packet: Packet, of demuxer: Demuxer) -> Bool {
        guard let end, let time = packet.dts ?? packet.pts else { return false }
        return demuxer.streams[packet.stream].timeBase.rescale(time, to: .microseconds) >= end
    }

    /// The error for a stream of which nothing can be decoded.
    static func undecodable(_ stream: Plan.Stream, name: String, asset: AssetPath?) -> RunError {
        guard let asset else { return .undecodable(name, codec: stream.codec) }
        return .unusableAsset(asset, reason: "its \(stream.kind.rawValue) (\(stream.codec)) cannot be decoded")
    }
}

extension Plan.Stream {
    private var decoding: PictureLoad { PictureLoad(pixelRate: load, frameBytes: frameBytes) }

    /// How many decoded frames may wait for the filters.
    fileprivate var waitingFrames: Int { decoding.waitingFrames }

    /// How its decoding is shared among threads.
    var threading: Decoder.Threading { decoding.threading }
}
