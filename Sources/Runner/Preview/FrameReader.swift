import GraphDSL
import LibAV
import Synchronization

/// Gets single frames out of a stream: goes to the key frame before, decodes up to the frame.
///
/// It stays where it is between two frames: the next moment costs only what lies between, and the same moment nothing.
final class FrameReader: Sendable {
    private let name: String
    private let stream: Plan.Stream
    private let start: Seconds
    private let isConstantRate: Bool
    private let open: @Sendable () throws(RunError) -> Demuxer
    private let position = Mutex<Position?>(nil)
    private let standing = Mutex<(place: Seconds, since: ContinuousClock.Instant)?>(nil)

    /// The moment that it stands at, and since when; nil before it got a frame. Never waits for a frame on its way.
    var place: (place: Seconds, since: ContinuousClock.Instant)? { standing.withLock(\.self) }

    /// Where decoding stands.
    ///
    /// Sendable because it is used under the lock of `position` only; what leaves is a new reference to a frame's data, which is never
    /// written to.
    fileprivate struct Position: @unchecked Sendable {
        let demuxer: Demuxer
        let decoder: Decoder
        /// The stream's index.
        let stream: Int
        /// Whether all its frames last equally long.
        let isConstantRate: Bool
        /// The last frame that begins no later than the last moment that was asked for.
        var shown: Frame?
        /// Frames that were decoded and begin later.
        var later: [Frame] = []
        var hasEnded = false
    }

    /// What decoding heeds between two packets.
    fileprivate struct Pace {
        let cancellation: CancellationFlag
        let precedence: Precedence?

        /// Whether it goes on, after it has stood aside.
        func goesOn() -> Bool {
            precedence?.standAside()
            return !cancellation.isCancelled
        }
    }

    /// A reader of one stream of a plan's input.
    ///
    /// - Parameters:
    ///   - isConstantRate: whether all frames of the stream last equally long.
    ///   - source: opens the file's bytes.
    init(
        _ stream: Plan.Stream, of input: Plan.Input, named name: String, limits: Limits, isConstantRate: Bool,
        source: @escaping @Sendable () throws(RunError) -> any ByteSource
    ) {
        self.name = name
        self.stream = stream
        start = input.start
        self.isConstantRate = isConstantRate
        open = { () throws(RunError) in
            try Prober.open(
                source(), name: name, limits: limits, depth: .headers, cancellation: CancellationFlag())
        }
    }

    /// The frame that is shown at a moment: the last that begins no later, or else the first that there is.
    ///
    /// Its time is set to the moment, so that what depends on time in a filter graph is as it would be then.
    ///
    /// - Parameters:
    ///   - time: the moment.
    ///   - cancellation: ends it between two packets.
    ///   - precedence: what it stands aside for between two packets; nil where it does not.
    /// - Throws: ``RunError``.
    func frame(
        at time: Seconds, cancellation: CancellationFlag, asideOf precedence: Precedence? = nil
    ) throws(RunError) -> DecodedFrame {
        let pace = Pace(cancellation: cancellation, precedence: precedence)
        let result: Result<DecodedFrame?, RunError> = position.withLock { position in
            do throws(RunError) { return .success(try find(time, &position, pace)) } catch {
                position = nil
                return .failure(error)
            }
        }
        guard let frame = try result.get() else { throw .undecodable(name, codec: stream.codec) }
        standing.withLock { $0 = (time, .now) }
        return frame
    }

    /// The moments that decoding can begin at, in order, as far as the container lists them.
    ///
    /// - Throws: ``RunError``.
    func keyFrames() throws(RunError) -> [Seconds] {
        guard let demuxer = try openAtStream(), !demuxer.isStill else { return [] }
        // Some containers list them only then, and say only then when they are shown; of one that cannot be searched none are
        // of use.
        do throws(AVError) {
            try demuxer.seek(to: 0, stream: stream.index)
            _ = try demuxer.next()
        } catch { return [] }
        return demuxer.keyTimes(of: stream.index).map(Seconds.init(microseconds:))
    }

    /// The container, set to the stream; nil where it is not there.
    private func openAtStream() throws(RunError) -> Demuxer? {
        let demuxer = try open()
        guard demuxer.streams.indices.contains(stream.index) else { return nil }
        demuxer.liftAllowance()
        demuxer.origin = start.microseconds
        demuxer.select([stream.index])
        return demuxer
    }

    private func find(
        _ time: Seconds, _ position: inout Position?, _ pace: Pace
    ) throws(RunError) -> DecodedFrame? {
        let place = if let position { position } else { try begin() }
        position = nil
        if var here = place {
            if here.isNear(time), let found = try? here.advance(to: here.ticks(time), pace) {
                position = here
                return found
            }
            if let found = try here.search(for: time, pace) {
                position = here
                return found
            }
        }
        // One that cannot be searched is read from its beginning.
        guard pace.goesOn() else { throw .cancelled }
        guard var here = try begin() else { return nil }
        let found = try? here.advance(to: here.ticks(time), pace)
        position = here
        return found
    }

    /// The stream's beginning; nil where it is not there, or cannot be decoded.
    private func begin() throws(RunError) -> Position? {
        guard let demuxer = try openAtStream() else { return nil }
        return try? Position(
            demuxer: demuxer, decoder: Decoder(demuxer, stream: stream.index), stream: stream.index,
            isConstantRate: isConstantRate)
    }
}

extension FrameReader.Position {
    /// A moment in units of the decoder's time base, not rounded up: a frame that begins later is not shown yet.
    fileprivate func ticks(_ time: Seconds) -> Int64 {
        let nearest = Fraction.microseconds.rescale(time.microseconds, to: decoder.timeBase)
        let isLater = decoder.timeBase.rescale(nearest, to: .microseconds) > time.microseconds
        return isLater ? nearest - 1 : nearest
    }

    /// Whether decoding goes on to a moment rather than search: from the key frame before it on, where the container lists it;
    /// else for a second, as few files have key frames that are closer.
    fileprivate func isNear(_ time: Seconds) -> Bool {
        let isAtBeginning = shown == nil && later.isEmpty && !hasEnded
        guard !isAtBeginning else { return demuxer.isStill || time <= .zero }
        let wanted = ticks(time)
        let moment = decoder.timeBase.rescale(wanted, to: .microseconds)
        let key = demuxer.lastKeyTime(of: stream, before: moment)
        let reach = Fraction.microseconds.rescale(key.map { max(0, moment &- $0) } ?? 1_000_000, to: decoder.timeBase)
        return shown?.pts.map { ($0...($0 &+ reach)).contains(wanted) } ?? false
    }

    /// Goes to the key frame before a moment and decodes up to the moment.
    ///
    /// - Returns: nil where the container cannot be searched, or leads past the moment each time.
    fileprivate mutating func search(
        for time: Seconds, _ pace: FrameReader.Pace
    ) throws(RunError) -> DecodedFrame? {
        guard !demuxer.isStill, time > .zero else { return nil }
        // Where a container lists times of decoding, the key frame that is found may be shown too late.
        for back in [Seconds.zero, 2, 10] where back <= time {
            guard pace.goesOn() else { throw .cancelled }
            do throws(AVError) {
                try demuxer.seek(to: (time - back).microseconds, stream: stream)
                decoder.flush()
                shown = nil
                later = []
                hasEnded = false
                let found = try advance(to: ticks(time), pace)
                if let found, shown != nil { return found }
            } catch { return nil }
        }
        return nil
    }

    /// Whether the last frame is known to be the one that is shown at a moment, without a look at the next: where all last
    /// equally long.
    private func isShown(at wanted: Int64) -> Bool {
        guard isConstantRate, let shown, let begin = shown.pts, shown.duration > 0 else { return false }
        return (begin..<begin &+ shown.duration).contains(wanted)
    }

    /// Decodes up to a moment, in units of the decoder's time base.
    fileprivate mutating func advance(
        to wanted: Int64, _ pace: FrameReader.Pace
    ) throws(AVError) -> DecodedFrame? {
        while pace.goesOn() {
            while let next = later.first, (next.pts ?? 0) <= wanted { shown = later.removeFirst() }
            if hasEnded || !later.isEmpty || isShown(at: wanted) { break }
            let packet = try demuxer.next()
            hasEnded = packet == nil
            // Frames that no other needs are left out where they end well before the moment.
            decoder.skipsUnreferenced = packet.map { ($0.pts ?? wanted) &+ 2 &* $0.duration < wanted } ?? false
            // What is damaged gives no frame; the next may be whole.
            try? decoder.send(packet)
            while let frame = try? decoder.receive() { later.append(frame) }
        }
        guard pace.goesOn(), let frame = try (shown ?? later.first)?.reference() else { return nil }
        frame.pts = wanted
        return DecodedFrame(frame, from: decoder)
    }
}
