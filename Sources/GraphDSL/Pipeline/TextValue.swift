/// Text that stands in the pipeline, or comes from a parameter of the run.
public enum TextValue: Hashable, Sendable {
    /// This text.
    case literal(String)
    /// What the run gives to the parameter of this name.
    case parameter(String)

    /// The text as an option of a filter.
    public var optionValue: OptionValue {
        switch self {
        case .literal(let text): .text(text)
        case .parameter(let name): .parameter(name)
        }
    }

    /// How wide its longest line is, in letters, as a formula.
    public var columns: Expression {
        switch self {
        case .literal(let text): "\(text.columns.description)"
        case .parameter(let name): "parameter.\(name).columns"
        }
    }
}

extension String {
    /// The width of the longest line, in letters; a character of an East Asian script or an emoji counts as two
    /// (Unicode Standard Annex #11 calls these wide).
    package var columns: Int {
        split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in line.reduce(0) { $0 + (($1.unicodeScalars.first?.value ?? 0) >= 0x1100 ? 2 : 1) } }
            .max() ?? 0
    }
}

extension TextValue: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self = .literal(value) }
}

extension TextValue: ParameterValue {
    public static var typeName: String { "text or parameter" }

    public var argumentText: String {
        switch self {
        case .literal(let text): "\"\(text)\""
        case .parameter(let name): ".parameter(\"\(name)\")"
        }
    }

    public var measure: Double? {
        if case .literal(let text) = self { Double(text.count) } else { nil }
    }
}
