import GraphDSL
import Synchronization

/// Readers that stand in a clip at some moments, each with the stretch after it that it is nearest to.
final class ReaderParking: Sendable {
    private struct Spot {
        let reader: FrameReader
        let home: Seconds
        let reach: Seconds
        /// Whether it is on its way back: whoever took it would have to wait.
        var isMoving = false
    }

    /// How many there are at the most: twelve, where they take no more than 480 MB; each holds about a dozen frames.
    static func most(frameBytes: Int) -> Int { min(12, 480_000_000 / max(1, 12 * frameBytes)) }

    private let spots = Mutex<[Spot]>([])

    /// How many there are.
    var count: Int { spots.withLock(\.count) }

    /// Adds a reader that stands at its place.
    func add(_ reader: FrameReader, at home: Seconds, reach: Seconds) {
        spots.withLock { $0.append(Spot(reader: reader, home: home, reach: reach)) }
    }

    /// The reader that stands nearest before a moment, where one does within its reach.
    func reader(for time: Seconds) -> FrameReader? {
        spots.withLock { spots in
            spots.compactMap { spot -> (place: Seconds, reader: FrameReader)? in
                guard !spot.isMoving, let place = spot.reader.place?.place, place <= time, time - place <= spot.reach
                else { return nil }
                return (place, spot.reader)
            }.max { $0.place < $1.place }?.reader
        }
    }

    /// Sends the readers back that have left their places and have not been used for half a second.
    ///
    /// - Parameter move: brings a reader to its place.
    func sendBack(_ move: (_ reader: FrameReader, _ home: Seconds) async -> Void) async {
        for index in spots.withLock(\.indices) {
            let spot = spots.withLock { spots -> Spot? in
                guard let (place, since) = spots[index].reader.place, place != spots[index].home,
                    ContinuousClock.now - since > .milliseconds(500)
                else { return nil }
                spots[index].isMoving = true
                return spots[index]
            }
            guard let spot else { continue }
            await move(spot.reader, spot.home)
            spots.withLock { $0[index].isMoving = false }
        }
    }
}
