import GraphDSL
import LibAV

/// Decodes one stream, from its packets to the frames of its feed, and counts the damage.
struct DecodeTask {
    let feed: DecodeFeed
    let decoder: Decoder
    let packets: PacketBuffer
    let name: String
    let asset: AssetPath?
    let job: RunJob

    /// Frames that came out, whole or not.
    private var frames = 0
    /// Frames that came out with damage, and packets that gave none.
    private var damaged = 0
    /// Packets that gave no frame.
    private var lost = 0

    init(_ feed: DecodeFeed, _ decoder: Decoder, _ packets: PacketBuffer, name: String, asset: AssetPath?, job: RunJob)
    {
        self.feed = feed
        self.decoder = decoder
        self.packets = packets
        self.name = name
        self.asset = asset
        self.job = job
    }

    /// Decodes until the end; the damage that there is is left out.
    ///
    /// - Parameter begun: the frames that the decoder has given before; none is held longer than others are.
    /// - Throws: ``RunError/undecodable(_:codec:)`` or ``RunError/damaged(_:share:limit:)`` where there is too much of it,
    ///   ``RunError/tooManyFrames(_:limit:)``.
    mutating func run(after begun: consuming [Frame]) throws(RunError) {
        var isOpen = true
        begun.reverse()
        while isOpen, let frame = begun.popLast() { isOpen = pass(frame) }
        var hasEnded = false
        while isOpen, !hasEnded {
            let packet = packets.pop(feed.stream.index)
            hasEnded = packet == nil
            do throws(AVError) {
                try job.measure("decode") { () throws(AVError) in try decoder.send(packet) }
            } catch {
                // Errors of hidden packets are not damage.
                if packet?.isHidden != true || error.isOutOfMemory { try lose(error) }
            }
            isOpen = try drain()
            if asset == nil, feed.stream.kind == .video, frames > job.limits.frames {
                throw .tooManyFrames(name, limit: job.limits.frames)
            }
        }
        guard !job.cancellation.isCancelled else { return }
        try judge()
    }

    /// A decoder that only ever fails is left alone after a few tries for each packet.
    private static let patience = 16

    /// Passes on what is ready.
    ///
    /// - Returns: whether the graph wants more.
    private mutating func drain() throws(RunError) -> Bool {
        for _ in 0..<Self.patience {
            do throws(AVError) {
                while let frame = try job.measure("decode", { () throws(AVError) in try decoder.receive() }) {
                    guard pass(frame) else { return false }
                }
                return true
            } catch {
                try lose(error)
            }
        }
        return true
    }

    /// Passes a frame on.
    ///
    /// - Returns: whether the graph wants more.
    private mutating func pass(_ frame: Frame) -> Bool {
        frames += 1
        if frame.isCorrupt { damaged += 1 }
        if frames == 1, feed.isUpload { job.noteFirstFrame(at: ProcessAge.seconds) }
        return feed.frames.push(DecodedFrame(frame, from: decoder))
    }

    /// Notes that a packet gave no frame.
    private mutating func lose(_ error: AVError) throws(RunError) {
        if error.isOutOfMemory { throw .tooMuchMemory(limit: job.limits.memory) }
        damaged += 1
        lost += 1
    }

    /// Says what was damaged, or refuses a stream that is damaged too much.
    private func judge() throws(RunError) {
        let kind = feed.stream.kind
        if kind == .video {
            if frames == 0 { throw InputTask.undecodable(feed.stream, name: name, asset: asset) }
            let share = Double(damaged) / Double(frames + lost)
            if asset == nil, share > job.limits.undecodableShare {
                throw .damaged(name, share: share, limit: job.limits.undecodableShare)
            }
        }
        if damaged > 0 { job.warn("\(name): \(damaged) \(kind.rawValue) frames are damaged or were left out") }
    }
}
