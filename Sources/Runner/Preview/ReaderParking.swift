import GraphDSL
import Synchronization

/// Readers that stand in a clip at some moments, so that every picture is near one.
final class ReaderParking: Sendable {
    private struct Spot {
        let reader: FrameReader
        let home: Seconds
        /// The key frame before it.
        let key: Seconds
        /// Whether it is on its way back: whoever took it would have to wait.
        var isMoving = false
    }

    /// How many there are at the most: twelve, where they take no more than 480 MB; each holds about a dozen frames.
    static func most(frameBytes: Int) -> Int { min(12, 480_000_000 / max(1, 12 * frameBytes)) }

    private let spots = Mutex<[Spot]>([])

    /// How many there are.
    var count: Int { spots.withLock(\.count) }

    /// Adds a reader that stands at its place.
    ///
    /// - Parameter key: the key frame before it.
    func add(_ reader: FrameReader, at home: Seconds, key: Seconds) {
        spots.withLock { $0.append(Spot(reader: reader, home: home, key: key)) }
    }

    /// The reader that stands nearest before a moment; nil where a key frame is known to be nearer.
    func reader(for time: Seconds) -> FrameReader? {
        spots.withLock { spots in
            let key = spots.lazy.map(\.key).filter { $0 <= time }.max() ?? .zero
            return spots.compactMap { spot -> (place: Seconds, reader: FrameReader)? in
                guard !spot.isMoving, let place = spot.reader.place?.place, (key...time).contains(place)
                else { return nil }
                return (place, spot.reader)
            }.max { $0.place < $1.place }?.reader
        }
    }

    /// Sends the reader back whose place is missed most: the one with the longest way to it from a reader that stands.
    ///
    /// One that was used in the last 0.3 s stays: it may be wanted for the next frames.
    ///
    /// - Parameter move: brings a reader to its place.
    /// - Returns: whether there was one.
    func sendBack(_ move: (_ reader: FrameReader, _ home: Seconds) async -> Void) async -> Bool {
        let chosen = spots.withLock { spots -> (index: Int, spot: Spot)? in
            let places = spots.compactMap { $0.isMoving ? nil : $0.reader.place?.place }
            let needs = spots.indices.compactMap { index -> (index: Int, gap: Double)? in
                let spot = spots[index]
                guard let (place, since) = spot.reader.place, place != spot.home,
                    ContinuousClock.now - since > .milliseconds(300)
                else { return nil }
                let nearest = places.filter { $0 <= spot.home }.max() ?? .zero
                return (index, (spot.home - nearest).value)
            }
            guard let need = needs.max(by: { $0.gap < $1.gap }) else { return nil }
            spots[need.index].isMoving = true
            return (need.index, spots[need.index])
        }
        guard let (index, spot) = chosen else { return false }
        await move(spot.reader, spot.home)
        spots.withLock { $0[index].isMoving = false }
        return true
    }
}
