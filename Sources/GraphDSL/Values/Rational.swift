/// An exact fraction in lowest terms, with a positive denominator: frame rates, aspect ratios and times.
///
/// In JSON it is a string, `"30000/1001"`, or `"30"` when the denominator is 1.
public struct Rational: Hashable, Sendable {
    /// The part above the line; it carries the sign.
    public let numerator: Int64
    /// The part below the line; always greater than zero.
    public let denominator: Int64

    /// A fraction brought to lowest terms. A denominator of zero makes the whole fraction zero.
    public init(_ numerator: Int64, _ denominator: Int64 = 1) {
        guard denominator != 0 else {
            self.numerator = 0
            self.denominator = 1
            return
        }
        let divisor = Self.greatestCommonDivisor(numerator.magnitude, denominator.magnitude)
        let sign: Int64 = denominator < 0 ? -1 : 1
        self.numerator = sign * numerator / Int64(divisor)
        self.denominator = sign * denominator / Int64(divisor)
    }

    /// The nearest floating-point number.
    public var value: Double { Double(numerator) / Double(denominator) }

    /// The fraction turned over; zero stays zero.
    public var inverse: Rational { Rational(denominator, numerator) }

    /// Whether the fraction is greater than zero, as every real frame rate and aspect ratio is.
    public var isPositive: Bool { numerator > 0 }

    /// The product, in lowest terms. Cross-cancelled first, so that only a product out of `Int64`'s range traps.
    public static func * (left: Rational, right: Rational) -> Rational {
        let a = Rational(left.numerator, right.denominator)
        let b = Rational(right.numerator, left.denominator)
        return Rational(a.numerator * b.numerator, a.denominator * b.denominator)
    }

    private static func greatestCommonDivisor(_ a: UInt64, _ b: UInt64) -> UInt64 {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return max(a, 1)
    }
}

extension Rational: Comparable {
    public static func < (left: Rational, right: Rational) -> Bool {
        let a = left.numerator.multipliedFullWidth(by: right.denominator)
        let b = right.numerator.multipliedFullWidth(by: left.denominator)
        return (a.high, a.low) < (b.high, b.low)
    }
}

extension Rational: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int64) { self.init(value) }
}

extension Rational: LosslessStringConvertible {
    /// Reads `30`, `16/9` or `16:9`; nil for anything else, and for a denominator of zero.
    public init?(_ text: String) {
        let parts = text.split(
            maxSplits: 1, omittingEmptySubsequences: false, whereSeparator: { $0 == "/" || $0 == ":" })
        guard let first = parts.first, let numerator = Int64(first) else { return nil }
        let denominator = parts.count == 2 ? Int64(parts[1]) : 1
        guard let denominator, denominator != 0, numerator != .min, denominator != .min else { return nil }
        self.init(numerator, denominator)
    }

    public var description: String { denominator == 1 ? "\(numerator)" : "\(numerator)/\(denominator)" }
}

extension Rational: Codable {
    public init(from decoder: any Decoder) throws { self = try decoder.decodeText() }
    public func encode(to encoder: any Encoder) throws { try encoder.encodeText(self) }
}
