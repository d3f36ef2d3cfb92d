/// The values that a number may take, or the lengths that a text may have.
public struct ParameterRange: Hashable, Sendable {
    /// The lowest value, or nil for no lower end.
    public let lower: Double?
    /// The highest value, or nil for no upper end.
    public let upper: Double?
    /// Whether `lower` itself is allowed.
    public let includesLower: Bool

    /// A range from its ends.
    public init(lower: Double? = nil, upper: Double? = nil, includesLower: Bool = true) {
        self.lower = lower
        self.upper = upper
        self.includesLower = includesLower
    }

    /// More than a number.
    public static func greaterThan(_ lower: Double) -> ParameterRange {
        ParameterRange(lower: lower, includesLower: false)
    }

    /// A number or more.
    public static func atLeast(_ lower: Double) -> ParameterRange { ParameterRange(lower: lower) }

    /// From one number to another, both allowed.
    public static func between(_ lower: Double, _ upper: Double) -> ParameterRange {
        ParameterRange(lower: lower, upper: upper)
    }

    /// Whether a value is allowed; not-a-number never is.
    public func contains(_ value: Double) -> Bool {
        guard !value.isNaN else { return false }
        if let lower, includesLower ? value < lower : value <= lower { return false }
        if let upper, value > upper { return false }
        return true
    }
}

extension ParameterRange: CustomStringConvertible {
    /// In words: `greater than 0`, `from 0 to 1`.
    public var description: String {
        switch (lower, upper) {
        case (let lower?, let upper?):
            "\(includesLower ? "from" : "greater than") \(lower.filterText) \(includesLower ? "to" : "and at most") \(upper.filterText)"
        case (let lower?, nil): "\(includesLower ? "at least" : "greater than") \(lower.filterText)"
        case (nil, let upper?): "at most \(upper.filterText)"
        case (nil, nil): "any"
        }
    }
}

extension ParameterRange: Codable {
    private enum Key: String, CodingKey { case lower, upper, includesLower }

    public init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: Key.self)
        func bound(_ key: Key) throws -> Double? {
            guard let text = try object.decodeIfPresent(String.self, forKey: key) else { return nil }
            guard let value = Double(text) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: object, debugDescription: "'\(text)' is not a number")
            }
            return value
        }
        self.init(
            lower: try bound(.lower), upper: try bound(.upper),
            includesLower: try object.decode(Bool.self, forKey: .includesLower))
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        try object.encodeIfPresent(lower?.filterText, forKey: .lower)
        try object.encodeIfPresent(upper?.filterText, forKey: .upper)
        try object.encode(includesLower, forKey: .includesLower)
    }
}
