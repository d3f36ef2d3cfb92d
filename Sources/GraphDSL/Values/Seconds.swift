/// A length of time, or a moment on a clip's own clock, in whole microseconds (libav's `AV_TIME_BASE`).
///
/// Written `.seconds(2.5)` or plainly `2.5`. In JSON it is a decimal string, `"2.5"`.
public struct Seconds: Hashable, Sendable {
    /// The time in microseconds; may be negative.
    public let microseconds: Int64

    /// A time of so many microseconds.
    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// The nearest microsecond to a number of seconds; out of range and not-a-number become zero.
    public init(_ seconds: Double) { microseconds = Int64(exactly: (seconds * 1_000_000).rounded()) ?? 0 }

    /// A time of so many seconds, to the nearest microsecond.
    public static func seconds(_ seconds: Double) -> Seconds { Seconds(seconds) }

    /// No time at all.
    public static let zero = Seconds(microseconds: 0)

    /// The time as a floating-point number of seconds.
    public var value: Double { Double(microseconds) / 1_000_000 }

    /// How many frames of a constant rate fit, to the nearest frame.
    public func frames(at rate: Rational) -> Int { Int((value * rate.value).rounded()) }

    /// The sum of two times.
    public static func + (left: Seconds, right: Seconds) -> Seconds {
        Seconds(microseconds: left.microseconds + right.microseconds)
    }

    /// The time from `right` to `left`.
    public static func - (left: Seconds, right: Seconds) -> Seconds {
        Seconds(microseconds: left.microseconds - right.microseconds)
    }
}

extension Seconds: Comparable {
    public static func < (left: Seconds, right: Seconds) -> Bool { left.microseconds < right.microseconds }
}

extension Seconds: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    public init(floatLiteral value: Double) { self.init(value) }
    public init(integerLiteral value: Int) { self.init(microseconds: Int64(value) * 1_000_000) }
}

extension Seconds: LosslessStringConvertible {
    /// Reads a decimal number of seconds, `"2.5"`; nil for anything else.
    public init?(_ text: String) {
        guard let value = Double(text), value.isFinite, value.magnitude < 9e12 else { return nil }
        self.init(value)
    }

    /// The shortest decimal that reads back as this time: `30`, `2.5`, `0.033333`.
    public var description: String {
        let whole = microseconds.magnitude / 1_000_000
        let sign = microseconds < 0 ? "-" : ""
        let fraction = String(microseconds.magnitude % 1_000_000)
        guard fraction != "0" else { return "\(sign)\(whole)" }
        var digits = String(repeating: "0", count: 6 - fraction.count) + fraction
        while digits.last == "0" { digits.removeLast() }
        return "\(sign)\(whole).\(digits)"
    }
}

extension Seconds: Codable {
    public init(from decoder: any Decoder) throws { self = try decoder.decodeText() }
    public func encode(to encoder: any Encoder) throws { try encoder.encodeText(self) }
}
