/// Lets so many lines through in a second, and counts those that it holds back.
package struct LineValve {
    private let linesPerSecond: Int
    private var second: ContinuousClock.Instant
    private var passed = 0
    private var omitted = 0

    /// A valve for so many lines a second.
    package init(linesPerSecond: Int, at now: ContinuousClock.Instant = .now) {
        self.linesPerSecond = linesPerSecond
        second = now
    }

    /// Whether a line may pass now.
    ///
    /// - Returns: how many lines were held back before this one; nil where it is held back itself.
    package mutating func admit(at now: ContinuousClock.Instant = .now) -> Int? {
        if now - second >= .seconds(1) {
            second = now
            passed = 0
        }
        guard passed < linesPerSecond else {
            omitted += 1
            return nil
        }
        passed += 1
        defer { omitted = 0 }
        return omitted
    }
}
