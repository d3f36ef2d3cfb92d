/// How many values there were in each range.
struct Distribution: Hashable, Sendable {
    /// Where ranges end, their ends included; the last one has no end. From a millisecond to ten minutes, in steps of about 2.5.
    static let bounds = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 150, 300, 600,
    ]

    private var counts = [Int64](repeating: 0, count: bounds.count + 1)
    private(set) var sum = 0.0

    var count: Int64 { counts.reduce(0, +) }

    /// How many values are no larger than each bound, and how many there are.
    var cumulative: [Int64] {
        var total: Int64 = 0
        return counts.map {
            total += $0
            return total
        }
    }

    mutating func add(_ value: Double) {
        counts[Self.bounds.firstIndex { value <= $0 } ?? Self.bounds.count] += 1
        sum += value
    }
}
