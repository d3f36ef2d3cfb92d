import CLibAV

/// libav's `AVRational`: time bases, frame rates and aspect ratios, as they stand in files (0/0 and 0/1 mean unknown).
public struct Fraction: Hashable, Sendable {
    /// The part above the line.
    public let numerator: Int32
    /// The part below the line.
    public let denominator: Int32

    /// A fraction as it is, not reduced.
    public init(_ numerator: Int32, _ denominator: Int32) {
        self.numerator = numerator
        self.denominator = denominator
    }

    init(_ rational: AVRational) { self.init(rational.num, rational.den) }

    var rational: AVRational { AVRational(num: numerator, den: denominator) }

    /// Whether both parts are greater than zero.
    public var isPositive: Bool { numerator > 0 && denominator > 0 }

    /// A count of units of this time base, in units of another, to the nearest.
    public func rescale(_ count: Int64, to other: Fraction) -> Int64 {
        av_rescale_q_rnd(
            count, rational, other.rational,
            AVRounding(rawValue: AV_ROUND_NEAR_INF.rawValue | AV_ROUND_PASS_MINMAX.rawValue))
    }

    /// Microseconds, libav's `AV_TIME_BASE_Q`.
    public static let microseconds = Fraction(1, Int32(cav_time_base))
}
