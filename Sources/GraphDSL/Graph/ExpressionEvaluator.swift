/// The functions that ``Expression`` can compute; libavutil's other functions are left to libavfilter.
public enum ExpressionFunction: String, CaseIterable, Sendable {
    case abs, ceil, floor, round, sqrt, trunc
    case min, max, mod
    case eq, gt, gte, lt, lte
    case clip, `if`

    func apply(_ values: [Double]) -> Double? {
        switch (self, values.count) {
        case (.abs, 1): values[0].magnitude
        case (.ceil, 1): values[0].rounded(.up)
        case (.floor, 1): values[0].rounded(.down)
        case (.round, 1): values[0].rounded()
        case (.sqrt, 1): values[0].squareRoot()
        case (.trunc, 1): values[0].rounded(.towardZero)
        case (.min, 2): Swift.min(values[0], values[1])
        case (.max, 2): Swift.max(values[0], values[1])
        case (.mod, 2): values[0] - (values[0] / values[1]).rounded(.down) * values[1]
        case (.eq, 2): values[0] == values[1] ? 1 : 0
        case (.gt, 2): values[0] > values[1] ? 1 : 0
        case (.gte, 2): values[0] >= values[1] ? 1 : 0
        case (.lt, 2): values[0] < values[1] ? 1 : 0
        case (.lte, 2): values[0] <= values[1] ? 1 : 0
        case (.clip, 3): Swift.min(Swift.max(values[0], values[1]), values[2])
        case (.if, 3): values[0] != 0 ? values[1] : values[2]
        default: nil
        }
    }
}

/// Computes an expression by recursive descent: sum, product, power, factor.
struct ExpressionEvaluator {
    private let tokens: [Token]
    private let facts: [String: Double]
    private var position = 0
    private var depth = 0

    /// Deeper nesting than this is nobody's formula, and would use up the stack.
    private static let deepest = 64

    init(tokens: [Token], facts: [String: Double]) {
        self.tokens = tokens
        self.facts = facts
    }

    mutating func evaluate() -> Double? {
        guard let value = sum(), position == tokens.count, value.isFinite else { return nil }
        return value
    }

    private mutating func take(_ symbol: Character) -> Bool {
        guard position < tokens.count, tokens[position] == .symbol(symbol) else { return false }
        position += 1
        return true
    }

    private mutating func sum() -> Double? {
        guard var value = product() else { return nil }
        while true {
            if take("+") {
                guard let next = product() else { return nil }
                value += next
            } else if take("-") {
                guard let next = product() else { return nil }
                value -= next
            } else {
                return value
            }
        }
    }

    private mutating func product() -> Double? {
        guard var value = power() else { return nil }
        while true {
            if take("*") {
                guard let next = power() else { return nil }
                value *= next
            } else if take("/") {
                guard let next = power(), next != 0 else { return nil }
                value /= next
            } else {
                return value
            }
        }
    }

    private mutating func power() -> Double? {
        let sign: Double = take("-") ? -1 : 1
        _ = sign > 0 && take("+")
        guard var value = factor() else { return nil }
        if take("^") {
            guard let exponent = power(), let whole = Int(exactly: exponent), whole.magnitude <= deepestPower else {
                return nil
            }
            value = (0..<whole.magnitude).reduce(1.0) { product, _ in product * value }
            if whole < 0 { value = 1 / value }
        }
        return sign * value
    }

    private var deepestPower: UInt { 32 }

    private mutating func factor() -> Double? {
        depth += 1
        defer { depth -= 1 }
        guard depth < Self.deepest, position < tokens.count else { return nil }
        let token = tokens[position]
        position += 1
        switch token {
        case .number(let value, _):
            return value
        case .symbol("("):
            guard let value = sum(), take(")") else { return nil }
            return value
        case .symbol:
            return nil
        case .name(let name):
            guard take("(") else { return facts[name] }
            return ExpressionFunction(rawValue: name)?.apply(arguments() ?? [])
        }
    }

    private mutating func arguments() -> [Double]? {
        var values: [Double] = []
        repeat {
            guard let value = sum() else { return nil }
            values.append(value)
        } while take(",")
        return take(")") ? values : nil
    }
}
