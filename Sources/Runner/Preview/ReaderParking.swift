import Glibc
import GraphDSL
import Synchronization

/// Readers that stand in a clip at some moments, so that every picture is near one.
final class ReaderParking: Sendable {
    private struct Spot {
        let reader: FrameReader
        let home: Seconds
        /// Whether it is on its way back: whoever took it would have to wait.
        var isMoving = false
    }

    /// The most memory that all take together, in bytes: a twelfth of the machine's.
    static var memory: Int { sysconf(Int32(_SC_PHYS_PAGES)) / 12 * sysconf(Int32(_SC_PAGESIZE)) }

    /// How many there are at the most; each holds about a dozen frames.
    static func most(frameBytes: Int, memory: Int = memory) -> Int { min(48, memory / max(1, 12 * frameBytes)) }

    /// Where so many readers stand at the most, so that no picture is far from one or from a key frame: as many steps after
    /// each key frame as there are to the next, all of one length, and no more than are of use. Key frames a second apart, as
    /// phones make them, are near enough. Where there are more key frames than readers, some have one between them.
    ///
    /// - Parameters:
    ///   - keys: the key frames, in order.
    ///   - end: where the clip ends.
    ///   - shown: what is looked at of the clip.
    static func homes(
        between keys: [Seconds], and end: Seconds, in shown: ClosedRange<Seconds>, most: Int
    ) -> [Seconds] {
        let gaps = zip(keys, keys.dropFirst() + [end]).filter { key, next in
            next - key > near && next > shown.lowerBound && key < shown.upperBound
        }
        let halves = gaps.map { key, next in Seconds((key.value + next.value) / 2) }
        guard most > halves.count else {
            return (0..<max(0, most)).map { halves[$0 * halves.count / most] }
        }
        var step = 0.75
        while true {
            let homes = gaps.flatMap { key, next in
                // The last may be up to a quarter of a step longer.
                stride(from: key.value + step, to: next.value - step / 4, by: step).map { Seconds($0) }
            }.filter(shown.contains)
            if homes.count <= min(most, usual) { return homes }
            step *= 1.25
            if homes.count <= halves.count { return halves }
        }
    }

    /// So many are enough, but for one between two key frames.
    private static let usual = 36

    private static let near = Seconds(1.05)

    private let spots = Mutex<[Spot]>([])
    private let keys = Mutex<[Seconds]>([])

    /// Tells where the clip's key frames are, in order.
    func note(keys: [Seconds]) { self.keys.withLock { $0 = keys } }

    /// The last key frame at or before a moment.
    func lastKey(before time: Seconds) -> Seconds { keys.withLock { $0.last { $0 <= time } } ?? .zero }

    /// How many there are.
    var count: Int { spots.withLock(\.count) }

    /// Adds a reader that stands at its place.
    func add(_ reader: FrameReader, at home: Seconds) { spots.withLock { $0.append(Spot(reader: reader, home: home)) } }

    /// The reader that stands nearest before a moment; nil where the key frame before it is nearer.
    func reader(for time: Seconds) -> FrameReader? {
        let key = lastKey(before: time)
        return spots.withLock { spots in
            spots.compactMap { spot -> (place: Seconds, reader: FrameReader)? in
                guard !spot.isMoving, let place = spot.reader.place?.place, (key...time).contains(place)
                else { return nil }
                return (place, spot.reader)
            }.max { $0.place < $1.place }?.reader
        }
    }

    /// Sends the reader back whose place is missed most: the one with the longest way to it from a reader that stands.
    ///
    /// One that was used in the last 0.15 s stays: it may be wanted for the next frames.
    ///
    /// - Parameter move: brings a reader to its place.
    /// - Returns: whether there was one.
    func sendBack(_ move: (_ reader: FrameReader, _ home: Seconds) async -> Void) async -> Bool {
        let chosen = spots.withLock { spots -> (index: Int, spot: Spot)? in
            let places = spots.compactMap { $0.isMoving ? nil : $0.reader.place?.place }
            let needs = spots.indices.compactMap { index -> (index: Int, gap: Double)? in
                let spot = spots[index]
                guard let (place, since) = spot.reader.place, place != spot.home,
                    ContinuousClock.now - since > .milliseconds(150)
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
