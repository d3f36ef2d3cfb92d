/// Something that a run of a pipeline fills in: a name, a caption, a strength.
///
/// ```swift
/// Pipeline("profile", version: 1, summary: "…", parameters: [Parameter("player", .text(max: 60))]) { … }
/// ```
public struct Parameter: Hashable, Codable, Sendable {
    /// What values a parameter takes.
    public enum Kind: Hashable, Sendable {
        /// Text of at most so many characters, and no control character but a line break.
        case text(max: Int)
        /// A number in a range.
        case number(ParameterRange)
        /// One of a few words.
        case choice([String])
    }

    /// The name that stages and `--set` use: letters, digits, `-` and `_`.
    public let name: String
    /// What values it takes.
    public let kind: Kind
    /// The value of a run that gives none; nil where every run must give one.
    public let defaultValue: String?
    /// What it is for, in a few words.
    public let summary: String

    /// A parameter of a pipeline.
    public init(_ name: String, _ kind: Kind, default defaultValue: String? = nil, _ summary: String = "") {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        self.summary = summary
    }

    /// Checks what a run gave for this parameter.
    ///
    /// - Throws: ``ParameterError/outOfRange(name:value:range:)``.
    public func value(from text: String) throws(ParameterError) -> ParameterSetting {
        switch kind {
        case .text(let longest):
            guard text.count <= longest, text.allSatisfy(isPrintable) else { throw outOfRange(text) }
            return .text(text)
        case .choice(let words):
            guard words.contains(text) else { throw outOfRange(text) }
            return .text(text)
        case .number(let range):
            guard let number = Double(text), range.contains(number), number.isFinite else { throw outOfRange(text) }
            return .number(number)
        }
    }

    /// The values it takes, in words.
    public var range: String {
        switch kind {
        case .text(let longest): "text of at most \(longest) characters, without control characters"
        case .number(let range): "a number \(range)"
        case .choice(let words): "one of \(words.joined(separator: ", "))"
        }
    }

    private func outOfRange(_ value: String) -> ParameterError {
        .outOfRange(name: name, value: value, range: range)
    }

    private func isPrintable(_ character: Character) -> Bool {
        character == "\n" || character.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }
}

/// The value that a run gives to a parameter, checked.
public enum ParameterSetting: Hashable, Sendable {
    /// Text, or one of a choice of words.
    case text(String)
    /// A number.
    case number(Double)

    package var optionValue: OptionValue {
        switch self {
        case .text(let text): .text(text)
        case .number(let number): .number(number)
        }
    }
}

/// What is wrong with the values that a run gives to a pipeline's parameters.
public enum ParameterError: Error, Hashable, Codable, Sendable {
    /// No parameter of this name; `known` are those there are.
    case unknown(name: String, known: [String])
    /// No value for a parameter that has no default.
    case missing(name: String, range: String)
    /// The value is not one that the parameter takes.
    case outOfRange(name: String, value: String, range: String)
}

extension ParameterError: CustomStringConvertible {
    /// What is wrong and what to give instead.
    public var description: String {
        switch self {
        case .unknown(let name, let known) where known.isEmpty:
            "the pipeline has no parameter '\(name)'; it takes none"
        case .unknown(let name, let known):
            "the pipeline has no parameter '\(name)'; it takes \(known.joined(separator: ", "))"
        case .missing(let name, let range):
            "the parameter '\(name)' has no value; give it with --set \(name)=… (\(range))"
        case .outOfRange(let name, let value, let range):
            "the parameter '\(name)' cannot be '\(value)'; it must be \(range)"
        }
    }
}

extension Parameter.Kind: Codable {
    private enum Key: String, CodingKey { case text, number, choice }

    public init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: Key.self)
        if let longest = try object.decodeIfPresent(Int.self, forKey: .text) {
            self = .text(max: longest)
        } else if let range = try object.decodeIfPresent(ParameterRange.self, forKey: .number) {
            self = .number(range)
        } else {
            self = .choice(try object.decode([String].self, forKey: .choice))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        switch self {
        case .text(let longest): try object.encode(longest, forKey: .text)
        case .number(let range): try object.encode(range, forKey: .number)
        case .choice(let words): try object.encode(words, forKey: .choice)
        }
    }
}
