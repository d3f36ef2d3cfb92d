import GraphDSL
import LibAV

/// Passes the packets of the upload's picture on, each numbered as the output's frame that it is.
///
/// What was planned on the container's word is seen to here: that decoding can begin with the first frame and, where frames are
/// reordered, that it begins anew behind the last; that there is one packet for each frame, and a picture in each; that one
/// header is enough for all.
struct CopyTask: Sendable {
    let feed: CopyFeed
    let parameters: StreamParameters
    private let picture: Plan.CopiedPicture
    private let rate: Rational
    private let job: RunJob

    /// A task for an open file; nil where it never opened.
    init?(_ feed: CopyFeed, _ picture: Plan.CopiedPicture, job: RunJob) {
        guard let parameters = feed.parameters() else { return nil }
        self.feed = feed
        self.parameters = parameters
        self.picture = picture
        self.job = job
        rate = job.plan.output.frameRate
    }

    /// Why packets cannot be passed on, whatever the container said.
    enum Refusal: String, Error {
        case noBeginning = "decoding cannot begin with its first frame"
        case noEnd = "decoding does not begin anew behind its last frame"
        case otherParameters = "its decoder needs other parameters on the way"
        case damaged = "a packet is not a picture"
        case uneven = "its packets are not one a frame"
    }

    /// Passes packets on until the last frame.
    ///
    /// - Parameters:
    ///   - collect: takes each packet, its times in frames of the output.
    ///   - advance: is told how many frames there were, after each.
    /// - Returns: how many there were; nil where the job was cancelled, or has refused.
    /// - Throws: ``RunError``.
    func run(
        collect: (Packet) throws(RunError) -> Void, advance: (Int) -> Void
    ) throws(RunError) -> Int? {
        defer { feed.close() }
        var count = 0
        var last: Int64 = -1
        var beginning: (decoded: Int64, delay: Int64)?
        while let packet = feed.pop() {
            guard let shown = packet.pts, let decoded = packet.dts else { return refuse(.uneven) }
            guard let kind = parameters.picture(in: packet), !packet.isCorrupt else { return refuse(.damaged) }
            let number = frames(shown) - Int64(picture.first)
            // What lies before the first frame was read on the way to it.
            if beginning == nil, number < 0 { continue }
            if let end = picture.end, number >= end - picture.first {
                if picture.isReordered, kind != .refresh { return refuse(.noEnd) }
                break
            }
            let (start, delay) = beginning ?? (decoded, delay(shown, decoded))
            if beginning == nil, number != 0 || kind != .refresh { return refuse(.noBeginning) }
            beginning = (start, delay)
            if packet.changesParameters { return refuse(.otherParameters) }
            guard number >= 0, frames(decoded &- start) == count else { return refuse(.uneven) }
            if count >= job.limits.frames { throw .tooManyFrames(job.uploadName, limit: job.limits.frames) }
            packet.set(pts: number, dts: Int64(count) - delay, duration: 1)
            try collect(packet)
            last = max(last, number)
            count += 1
            advance(count)
        }
        guard !job.cancellation.isCancelled else { return nil }
        // As many as there are numbers, and none beyond: each is there once.
        return last + 1 == count ? count : refuse(.uneven)
    }

    /// Has the run begin anew, with the picture encoded.
    ///
    /// - Returns: nil, as a task that was cancelled does.
    private func refuse(_ refusal: Refusal) -> Int? {
        job.refuse(.packets(refusal))
        return nil
    }

    private func frames(_ time: Int64) -> Int64 { parameters.timeBase.rescale(time, to: Fraction(rate.inverse)) }

    /// How many frames later than decoded a frame is shown, rounded up: no packet is then decoded after it is shown.
    private func delay(_ shown: Int64, _ decoded: Int64) -> Int64 {
        let delay = max(0, shown &- decoded)
        let frames = frames(delay)
        return Fraction(rate.inverse).rescale(frames, to: parameters.timeBase) < delay ? frames + 1 : frames
    }
}
