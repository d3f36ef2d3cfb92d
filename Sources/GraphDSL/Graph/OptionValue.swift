/// The value of one option of a filter.
///
/// In JSON, integers, booleans and text stand for themselves; the other kinds are an object with one key:
/// `{"number": "0.5"}`, `{"expression": "in.width/2"}`, `{"parameter": "player"}`, `{"duration": "2.5"}`,
/// `{"rational": "30000/1001"}`.
public enum OptionValue: Hashable, Sendable {
    /// A whole number.
    case integer(Int)
    /// A number that need not be whole.
    case number(Double)
    /// A switch; libavfilter reads it as 1 or 0.
    case boolean(Bool)
    /// Text, taken literally whatever it contains.
    case text(String)
    /// A time.
    case duration(Seconds)
    /// A frame rate or a ratio.
    case rational(Rational)
    /// A formula, computed when the plan is bound.
    case expression(Expression)
    /// The value that a run gives to a parameter of the pipeline, taken literally.
    case parameter(String)

    /// The value as plain text, before any escaping; nil for a parameter, whose value is not known yet.
    public var plainText: String? {
        switch self {
        case .integer(let value): String(value)
        case .number(let value): value.filterText
        case .boolean(let value): value ? "1" : "0"
        case .text(let value): value
        case .duration(let value): value.description
        case .rational(let value): value.description
        case .expression(let value): value.text
        case .parameter: nil
        }
    }

    /// The value as a number, where it is one; a formula is computed from the facts.
    func number(with facts: [String: Double]) -> Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        case .duration(let value): value.value
        case .rational(let value): value.value
        case .expression(let expression): expression.value(with: facts)
        case .boolean, .text, .parameter: nil
        }
    }
}

extension OptionValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByStringLiteral
{
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    public init(stringLiteral value: String) { self = .text(value) }
}

extension OptionValue: Codable {
    private enum Key: String, CodingKey {
        case number, duration, rational, expression, parameter
    }

    public init(from decoder: any Decoder) throws {
        if let single = try? decoder.singleValueContainer() {
            if let value = try? single.decode(Bool.self) {
                self = .boolean(value)
                return
            } else if let value = try? single.decode(Int.self) {
                self = .integer(value)
                return
            } else if let value = try? single.decode(String.self) {
                self = .text(value)
                return
            }
        }
        let object = try decoder.container(keyedBy: Key.self)
        guard object.allKeys.count == 1, let key = object.allKeys.first else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "an option's value is a number, a string, true, false, or an object with one key")
            )
        }
        let text = try object.decode(String.self, forKey: key)
        func parsed<Value: LosslessStringConvertible>(_ type: Value.Type) throws -> Value {
            guard let value = Value(text) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: object, debugDescription: "'\(text)' is not a valid \(key.rawValue)")
            }
            return value
        }
        switch key {
        case .number: self = .number(try parsed(Double.self))
        case .duration: self = .duration(try parsed(Seconds.self))
        case .rational: self = .rational(try parsed(Rational.self))
        case .expression: self = .expression(Expression(text))
        case .parameter: self = .parameter(text)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var single: any SingleValueEncodingContainer { encoder.singleValueContainer() }
        func object(_ key: Key, _ text: String) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(text, forKey: key)
        }
        switch self {
        case .integer(let value):
            var container = single
            try container.encode(value)
        case .boolean(let value):
            var container = single
            try container.encode(value)
        case .text(let value):
            var container = single
            try container.encode(value)
        case .number(let value): try object(.number, value.filterText)
        case .duration(let value): try object(.duration, value.description)
        case .rational(let value): try object(.rational, value.description)
        case .expression(let value): try object(.expression, value.text)
        case .parameter(let name): try object(.parameter, name)
        }
    }
}
