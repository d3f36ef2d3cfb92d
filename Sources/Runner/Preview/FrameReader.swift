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
    private let open: @Sendable () throws(RunError) -> Demuxer
    private let position = Mutex<Position?>(nil)
    private let standing = Mutex<(place: Seconds, since: ContinuousClock.Instant)?>(nil)

    /// The moment that it stands at, and since when; nil before it got a frame. Never waits for a frame on its way.
    var place: (place: Seconds, since: ContinuousClock.Instant)? { standing.withLock(\.self) }

    /// Where decoding stands.
    ///
    /// Sendable because it is touched under the lock alone: what leaves is a reference of its own to a frame's data, which
    /// nobody writes to.
    fileprivate struct Position: @unchecked Sendable {
        let demuxer: Demuxer
        let decoder: Decoder
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
    ///   - reach: how far ahead it goes on decoding rather than search.
    ///   - source: opens the file's bytes.
    init(
        _ stream: Plan.Stream, of input: Plan.Input, named name: String, limits: Limits,
        reach: Seconds, source: @escaping @Sendable () throws(RunError) -> any ByteSource
    ) {
        self.reach = reach
        self.name = name
        self.stream = stream
        start = input.start
        open = { () throws(RunError) in
            try Prober.open(
                source(), name: name, limits: limits, isKnown: true, cancellation: CancellationFlag())
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

    /// How much must be decoded to get to a moment: the time since the key frame before it.
    ///
    /// - Throws: ``RunError``.
    func distance(to time: Seconds) throws(RunError) -> Seconds {
        let demuxer = try open()
        guard demuxer.streams.indices.contains(stream.index), !demuxer.isStill else { return .zero }
        demuxer.liftAllowance()
        demuxer.origin = start.microseconds
        do throws(AVError) {
            demuxer.select([stream.index])
            try demuxer.seek(to: time.microseconds, stream: stream.index)
            let begin = try demuxer.next()?.pts ?? 0
            let key = demuxer.streams[stream.index].timeBase.rescale(begin, to: .microseconds)
            return max(.zero, time - Seconds(microseconds: key))
        } catch {
            return .zero
        }
    }

    /// How far ahead decoding goes on rather than search: few files have key frames that are closer.
    private let reach: Seconds

    private func find(
        _ time: Seconds, _ position: inout Position?, _ pace: Pace
    ) throws(RunError) -> DecodedFrame? {
        do throws(AVError) {
            if var here = position, let shown = here.shown {
                let wanted = here.ticks(time)
                let ahead = Fraction.microseconds.rescale(reach.microseconds, to: here.decoder.timeBase)
                if ((shown.pts ?? 0)...(shown.pts ?? 0) &+ ahead).contains(wanted) {
                    let found = try here.advance(to: wanted, pace)
                    position = here
                    return found
                }
            }
        } catch {}
        // A file whose seeking fails or leads past the moment is read from its beginning.
        for seeks in time > .zero ? [true, false] : [false] {
            guard pace.goesOn() else { throw .cancelled }
            let demuxer = try open()
            if seeks, demuxer.isStill { continue }
            demuxer.liftAllowance()
            demuxer.origin = start.microseconds
            guard demuxer.streams.indices.contains(stream.index) else { return nil }
            do throws(AVError) {
                demuxer.select([stream.index])
                if seeks { try demuxer.seek(to: time.microseconds, stream: stream.index) }
                var here = Position(demuxer: demuxer, decoder: try Decoder(demuxer, stream: stream.index))
                let wanted = here.ticks(time)
                let found = try here.advance(to: wanted, pace)
                if let found, !seeks || here.shown != nil {
                    position = here
                    return found
                }
            } catch {}
        }
        return nil
    }
}

extension FrameReader.Position {
    /// A moment in units of the decoder's time base, not rounded up: a frame that begins later is not shown yet.
    fileprivate func ticks(_ time: Seconds) -> Int64 {
        let nearest = Fraction.microseconds.rescale(time.microseconds, to: decoder.timeBase)
        let isLater = decoder.timeBase.rescale(nearest, to: .microseconds) > time.microseconds
        return isLater ? nearest - 1 : nearest
    }

    /// Decodes up to a moment, in units of the decoder's time base.
    fileprivate mutating func advance(
        to wanted: Int64, _ pace: FrameReader.Pace
    ) throws(AVError) -> DecodedFrame? {
        while pace.goesOn() {
            while let next = later.first, (next.pts ?? 0) <= wanted { shown = later.removeFirst() }
            if hasEnded || !later.isEmpty { break }
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
