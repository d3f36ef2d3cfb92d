/// What a stage says of itself: the source of `cortina stages`, of the checks before compiling, and of the docs.
public struct StageDescriptor: Sendable {
    /// The name people ask for, in lower case: `watermark`.
    public let name: String
    /// What it does, in one line without a full stop.
    public let summary: String
    /// What it needs of the clip: `a picture`, `sound`.
    public let needs: String
    /// What it makes of the clip: `a smaller picture`.
    public let gives: String
    /// A line of Swift that uses it.
    public let example: String
    /// Its parameters, in the order of its initialiser.
    public let parameters: [ParameterDescriptor]

    /// A description from its parts.
    public init(
        _ name: String, _ summary: String, needs: String = "a picture", gives: String = "the clip, changed",
        example: String, @ParameterListBuilder parameters: () -> [ParameterDescriptor] = { [] }
    ) {
        self.name = name
        self.summary = summary
        self.needs = needs
        self.gives = gives
        self.example = example
        self.parameters = parameters()
    }

    /// What is wrong with the values that a stage was given, a sentence each.
    func problems(of stage: any Stage, named name: String) -> [String] {
        parameters.compactMap { parameter in
            guard let value = parameter.read(stage) else { return nil }
            if let problem = value.problem {
                return "\(name): \(parameter.name) is \(value.argumentText), but \(problem)"
            }
            if let range = parameter.range, let measure = value.measure, !range.contains(measure) {
                return "\(name): \(parameter.name) is \(value.argumentText), but must be \(range)"
            }
            return nil
        }
    }
}

/// One parameter of a stage.
public struct ParameterDescriptor: Sendable {
    /// The label in the stage's initialiser, or the property's name where it has none.
    public let name: String
    /// What it means, in a few words.
    public let summary: String
    /// Its type's name, with the unit.
    public let type: String
    /// The values it may take, where there are few of them.
    public let choices: [String]
    /// The range of a number, or of a text's length.
    public let range: ParameterRange?
    /// The value it has when it is left out, or nil where it must be given.
    public let defaultValue: String?

    let read: @Sendable (any Stage) -> (any ParameterValue)?

    /// A parameter that must be given.
    ///
    /// - Parameters:
    ///   - name: the label in the stage's initialiser.
    ///   - path: the property that holds it, from which its type and its value are taken.
    ///   - range: the values that a number may have, or the lengths of a text.
    ///   - summary: what it means, in a few words.
    public init<Owner: Stage, Value: ParameterValue>(
        _ name: String, _ path: any KeyPath<Owner, Value> & Sendable, in range: ParameterRange? = nil,
        _ summary: String
    ) {
        self.init(name, path, range: range, defaultText: nil, summary)
    }

    /// A parameter that may be left out.
    public init<Owner: Stage, Value: ParameterValue>(
        _ name: String, _ path: any KeyPath<Owner, Value> & Sendable, in range: ParameterRange? = nil,
        default value: Value, _ summary: String
    ) {
        self.init(name, path, range: range, defaultText: value.argumentText, summary)
    }

    /// The value that a stage has for this parameter, as people write it; nil for a stage of another type.
    public func value(of stage: any Stage) -> String? { read(stage)?.argumentText }

    private init<Owner: Stage, Value: ParameterValue>(
        _ name: String, _ path: any KeyPath<Owner, Value> & Sendable, range: ParameterRange?, defaultText: String?,
        _ summary: String
    ) {
        self.name = name
        self.summary = summary
        self.type = Value.typeName
        self.choices = Value.choices
        self.range = range
        self.defaultValue = defaultText
        self.read = { stage in (stage as? Owner)?[keyPath: path] }
    }
}

/// Builds the list of a stage's parameters.
@resultBuilder
public enum ParameterListBuilder {
    /// The parameters, a line each.
    public static func buildBlock(_ parameters: ParameterDescriptor...) -> [ParameterDescriptor] { parameters }
}
