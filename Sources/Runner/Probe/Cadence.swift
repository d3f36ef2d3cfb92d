import GraphDSL
import LibAV

/// How the frames of a stream lie in time, by the times of its packets.
///
/// Packets tell it where each is a frame: VP9 has packets that show nothing, and some AVI files empty ones.
struct Cadence: Hashable {
    /// Frames a second on average.
    let averageRate: Rational
    /// Whether the times between frames differ by more than rounding.
    let isVariable: Bool
    /// How far rounding may move the average rate, as a share of it.
    private let precision: Double
    /// The usual time between frames, in units of the time base: the median.
    let step: Int64

    /// The cadence of frames at these times, in units of a time base; nil where there are too few to tell.
    init?(times: [Int64], timeBase: Fraction) {
        let times = times.sorted()
        guard times.count >= 3, let first = times.first, let last = times.last, timeBase.isPositive else { return nil }
        let (span, overflow) = last.subtractingReportingOverflow(first)
        let count = Int64(times.count - 1)
        let (denominator, isTooLong) = span.multipliedReportingOverflow(by: Int64(timeBase.numerator))
        guard !overflow, !isTooLong, span > 0, count < Int64(Int32.max) else { return nil }
        averageRate = Rational(count * Int64(timeBase.denominator), denominator)
        precision = max(0.001, 2 / Double(span))
        let steps = zip(times.dropFirst(), times).map { $0 - $1 }.sorted()
        let usual = steps[steps.count / 2]
        step = usual
        // One unit of the time base is rounding, unless it is a frame (AVI); a tenth of a frame is a camera's clock.
        let tolerance = usual > 2 ? max(1, usual / 10) : 0
        isVariable = steps.contains { ($0 - usual).magnitude > tolerance.magnitude }
    }

    /// Whether frames at a constant rate could lie so.
    func agrees(with rate: Rational) -> Bool { (averageRate.value / rate.value - 1).magnitude <= precision }
}
