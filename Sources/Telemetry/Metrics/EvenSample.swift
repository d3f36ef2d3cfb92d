/// A hundred values at the most of however many came: each as far from the next as all are.
struct EvenSample: Hashable, Sendable {
    /// How many are kept. CloudWatch takes no more at a time.
    static let size = 100

    private(set) var values: [Double] = []
    private var count = 0
    /// Every which value is kept.
    private var stride = 1

    mutating func add(_ value: Double) {
        defer { count += 1 }
        guard count.isMultiple(of: stride) else { return }
        if values.count == Self.size {
            values = values.indices.filter { $0.isMultiple(of: 2) }.map { values[$0] }
            stride *= 2
        }
        if count.isMultiple(of: stride) { values.append(value) }
    }
}
