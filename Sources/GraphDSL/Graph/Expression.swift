/// A formula in the language of libavutil's expression evaluator, computed when a plan is bound.
///
/// Beside numbers, `+ - * / ^`, parentheses and the functions of ``ExpressionFunction``, it may name facts of the
/// links around its filter. Their names contain a dot, so that they can never be mistaken for the evaluator's own
/// variables (`t`, `n`, `main_w`, …), which are left for libavfilter to compute:
///
/// | variable | value |
/// |---|---|
/// | `in.width` `in.height` | pixels of the filter's first input |
/// | `in.duration` | seconds of the filter's first input |
/// | `ref.width` `ref.height` `ref.duration` | the same of the node's reference link |
/// | `parameter.NAME` | a numeric parameter of the pipeline |
/// | `parameter.NAME.columns` | the width of a text parameter's longest line, in letters |
///
/// Syntax: FFmpeg documentation, `ffmpeg-utils`, section "Expression Evaluation".
public struct Expression: Hashable, Sendable {
    /// The formula as written.
    public let text: String

    /// A formula; it is read when it is evaluated.
    public init(_ text: String) { self.text = text }

    /// The names with a dot in the formula: facts that must be known before libavfilter can read it.
    public var variables: Set<String> {
        Set(
            Token.all(in: text).compactMap { token in
                if case .name(let name) = token, name.contains(".") { name } else { nil }
            })
    }

    /// The formula's value, or nil where it names a variable or a function that is not known here, divides by zero,
    /// or is not an expression.
    public func value(with facts: [String: Double]) -> Double? {
        var evaluator = ExpressionEvaluator(tokens: Token.all(in: text), facts: facts)
        return evaluator.evaluate()
    }

    /// The formula with the facts it names put in as numbers, for libavfilter to compute the rest.
    public func substituting(_ facts: [String: Double]) -> Expression {
        Expression(
            Token.all(in: text).map { token in
                if case .name(let name) = token, let fact = facts[name] { "(\(fact.filterText))" } else { token.text }
            }.joined())
    }
}

extension Expression: ExpressibleByStringInterpolation {
    public init(stringLiteral value: String) { self.init(value) }
}

extension Double {
    /// The shortest decimal that reads back as this number, without an exponent where the number is whole.
    package var filterText: String {
        if let whole = Int64(exactly: self) { String(whole) } else { description }
    }
}

/// A piece of an expression: a number, a name, or one character of punctuation.
enum Token: Equatable {
    case number(Double, String)
    case name(String)
    case symbol(Character)

    var text: String {
        switch self {
        case .number(_, let text), .name(let text): text
        case .symbol(let character): String(character)
        }
    }

    static func all(in text: String) -> [Token] {
        var tokens: [Token] = []
        var rest = Substring(text)
        while let first = rest.first {
            if first.isWhitespace {
                rest.removeFirst()
            } else if first.isASCII && (first.isNumber || first == ".") {
                let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
                tokens.append(Double(digits).map { .number($0, String(digits)) } ?? .name(String(digits)))
                rest = rest.dropFirst(digits.count)
            } else if first.isLetter || first == "_" {
                let name = rest.prefix { $0.isLetter || $0.isNumber || "_.-".contains($0) }
                tokens.append(.name(trimmingOperators(name)))
                rest = rest.dropFirst(tokens[tokens.count - 1].text.count)
            } else {
                tokens.append(.symbol(first))
                rest.removeFirst()
            }
        }
        return tokens
    }

    /// A parameter's name may contain `-`; any other name ends before one.
    private static func trimmingOperators(_ name: Substring) -> String {
        name.hasPrefix("parameter.") ? String(name) : String(name.prefix { $0 != "-" })
    }
}
