/// A type that a stage's parameter can have.
public protocol ParameterValue: Sendable {
    /// The type's name for people, with its unit: `seconds`, `pixels or share`.
    static var typeName: String { get }
    /// The values, where there are few of them.
    static var choices: [String] { get }
    /// The value as people write it.
    var argumentText: String { get }
    /// The number that a range speaks of, where there is one.
    var measure: Double? { get }
    /// What is wrong with the value whatever the range, or nil.
    var problem: String? { get }
}

extension ParameterValue {
    /// None: the values cannot be listed.
    public static var choices: [String] { [] }
    /// Nil: no range applies.
    public var measure: Double? { nil }
    /// Nil: every value is a good one.
    public var problem: String? { nil }
}

extension ParameterValue where Self: CustomStringConvertible {
    /// The value's own description.
    public var argumentText: String { description }
}

extension ParameterValue where Self: RawRepresentable & CaseIterable, RawValue == String {
    /// The raw values of all cases.
    public static var choices: [String] { allCases.map(\.rawValue) }
    /// The raw value.
    public var argumentText: String { rawValue }
}

extension Int: ParameterValue {
    public static var typeName: String { "integer" }
    public var measure: Double? { Double(self) }
}

extension Double: ParameterValue {
    public static var typeName: String { "number" }
    public var argumentText: String { filterText }
    public var measure: Double? { self }
}

extension Bool: ParameterValue {
    public static var typeName: String { "true or false" }
}

extension String: ParameterValue {
    public static var typeName: String { "text" }
    public var measure: Double? { Double(count) }
}

extension Seconds: ParameterValue {
    public static var typeName: String { "seconds" }
    public var measure: Double? { value }
}

extension Rational: ParameterValue {
    public static var typeName: String { "ratio" }
    public var measure: Double? { value }
}

extension Colour: ParameterValue {
    public static var typeName: String { "colour #rrggbb" }
}

extension Position: ParameterValue {
    public static var typeName: String { "position" }
}

extension MediaKind: ParameterValue {
    public static var typeName: String { "kind of media" }
}

extension PictureSize: ParameterValue {
    public static var typeName: String { "width x height in pixels" }

    /// Both sides must be even, for 4:2:0, and at most 16384, H.264's and HEVC's largest.
    public var problem: String? {
        guard width >= 2, height >= 2, width <= 16384, height <= 16384, width.isMultiple(of: 2),
            height.isMultiple(of: 2)
        else { return "both sides must be even and from 2 to 16384 pixels" }
        return nil
    }
}

extension Optional: ParameterValue where Wrapped: ParameterValue {
    public static var typeName: String { Wrapped.typeName }
    public static var choices: [String] { Wrapped.choices }
    public var argumentText: String { self?.argumentText ?? "none" }
    public var measure: Double? { self?.measure }
    public var problem: String? { self?.problem }
}

extension Dictionary: ParameterValue where Key == String, Value == OptionValue {
    public static var typeName: String { "options by name" }
    public var argumentText: String {
        sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.plainText ?? "…")" }.joined(separator: " ")
    }
}
