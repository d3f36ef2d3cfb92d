import ArgumentParser

/// A parameter of a pipeline with its value.
struct Setting: ExpressibleByArgument {
    let name: String
    let value: String

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
        name = String(argument[..<equals])
        value = String(argument[argument.index(after: equals)...])
    }
}

/// What a run gives to a pipeline's parameters, as options.
struct ParameterOptions: ParsableArguments {
    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Gives a value to a parameter of the pipeline.", valueName: "name=value"))
    var settings: [Setting] = []

    /// The values by name; the last one of a name counts.
    var values: [String: String] { Dictionary(settings.map { ($0.name, $0.value) }) { _, last in last } }
}
