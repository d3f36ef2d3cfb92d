/// Mends the clock of containers that may start it anew at any time: transport and program streams, after a splice or where
/// recordings were put one after the other.
struct Continuity {
    /// A jump ahead by more than this is a new clock, not a pause. In microseconds.
    private static let longestPause: Int64 = 10_000_000
    /// A step back by more than this is a new clock, not a rounding: packets come in the order of decoding.
    private static let longestStepBack: Int64 = 100_000

    private var shift: Int64 = 0
    private var expected: [Int: Int64] = [:]

    /// What to add to a packet's times, in microseconds, so that its stream goes on where it was.
    ///
    /// - Parameters:
    ///   - time: when the packet is decoded, by the container's clock, in microseconds.
    ///   - duration: how long it lasts, in microseconds.
    mutating func shift(stream: Int, time: Int64, duration: Int64) -> Int64 {
        if let expected = expected[stream] {
            let jump = time &+ shift &- expected
            if jump > Self.longestPause || jump < -Self.longestStepBack { shift &-= jump }
        }
        expected[stream] = time &+ shift &+ duration
        return shift
    }
}
