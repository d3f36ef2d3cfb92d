import LibAV

/// Encodes one stream: takes frames from a queue, numbers them, and hands packets on.
final class EncodeTask: Sendable {
    /// The encoder.
    let encoder: Encoder
    /// The frames that wait for it.
    let frames: BoundedQueue<Frame>
    /// Whether it is video; else audio.
    let isVideo: Bool

    private let timeBase: Fraction
    private let job: RunJob

    /// - Parameters:
    ///   - timeBase: the unit of the frames' times.
    ///   - capacity: how many filtered frames may wait.
    init(_ encoder: Encoder, timeBase: Fraction, isVideo: Bool, capacity: Int, job: RunJob) {
        self.encoder = encoder
        self.timeBase = timeBase
        self.isVideo = isVideo
        self.job = job
        frames = BoundedQueue(capacity: job.capacity(capacity))
        job.onEnd { [frames] in frames.close() }
    }

    /// Encodes until the last frame.
    ///
    /// - Parameters:
    ///   - collect: takes each packet.
    ///   - advance: is told how many frames went in, after each.
    /// - Returns: how many frames there were; nil where the job was cancelled.
    /// - Throws: ``RunError``.
    func run(
        collect: (Packet) throws(RunError) -> Void, advance: (Int) -> Void = { _ in }
    ) throws(RunError) -> Int? {
        var next: Int64 = 0
        var count = 0
        var clock = DecodeClock(delay: encoder.reorderDelay)
        while let frame = frames.pop() {
            // A video frame's time is its number: rounding in the graph's time base must neither repeat nor skip one.
            let time = timeBase.rescale(frame.pts ?? 0, to: encoder.timeBase)
            let stamp = max(next, time)
            next = stamp &+ 1
            if isVideo, stamp >= job.limits.frames {
                throw .tooManyFrames(job.uploadName, limit: job.limits.frames)
            }
            if isVideo { clock.show(at: stamp) }
            try send(frame, at: stamp, &clock, collect)
            count += 1
            advance(Int(next))
        }
        guard !job.cancellation.isCancelled else { return nil }
        try send(nil, at: next, &clock, collect)
        return count
    }

    private func send(
        _ frame: Frame?, at time: Int64, _ clock: inout DecodeClock, _ collect: (Packet) throws(RunError) -> Void
    ) throws(RunError) {
        do throws(AVError) {
            try job.measure("encode") { () throws(AVError) in try encoder.send(frame, at: time) }
        } catch {
            throw .fault("the encoder failed: \(error.reason)")
        }
        while !job.cancellation.isCancelled {
            let packet: Packet?
            do throws(AVError) {
                packet = try job.measure("encode") { () throws(AVError) in try encoder.receive() }
            } catch {
                throw .fault("the encoder failed: \(error.reason)")
            }
            guard let packet else { return }
            if isVideo { packet.dts = clock.next() }
            try collect(packet)
        }
    }
}
