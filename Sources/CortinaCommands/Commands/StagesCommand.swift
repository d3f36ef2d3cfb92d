import ArgumentParser
import GraphDSL

/// `cortina stages [NAME]`
struct StagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stages", abstract: "Lists the stages, or says everything of one.")

    @Argument(help: "A stage's name.", completion: .stages)
    var name: String?

    @Flag(help: "Prints JSON.")
    var json = false

    @Flag(help: "Prints the page docs/stages.md.")
    var markdown = false

    /// A descriptor as JSON.
    private struct Stage: Encodable {
        struct Parameter: Encodable {
            let name, summary, type: String
            let choices: [String]?
            let range: ParameterRange?
            let defaultValue: String?
        }

        let name, summary, needs, gives, example: String
        let parameters: [Parameter]

        init(_ stage: StageDescriptor) {
            name = stage.name
            summary = stage.summary
            needs = stage.needs
            gives = stage.gives
            example = stage.example
            parameters = stage.parameters.map {
                Parameter(
                    name: $0.name, summary: $0.summary, type: $0.type, choices: $0.choices.isEmpty ? nil : $0.choices,
                    range: $0.range, defaultValue: $0.defaultValue)
            }
        }
    }

    func run() throws {
        let stages = Program.current.catalog.stages
        if markdown { return print(Self.page(stages)) }
        guard let name else {
            guard !json else { return print(try Console.json(stages.map(Stage.init), indented: true)) }
            return print(Table(rows: stages.map { [$0.name, $0.summary] }))
        }
        guard let stage = Program.current.catalog.stage(named: name) else {
            let question = Suggestion.question(name, among: stages.map(\.name))
            throw Failure(
                .usage,
                "there is no stage '\(name)'\(question.isEmpty ? "; list them with '\(Program.current.name) stages'" : question)"
            )
        }
        print(json ? try Console.json(Stage(stage), indented: true) : Self.words(stage))
    }

    private static func facts(of parameter: ParameterDescriptor) -> [String] {
        var facts = [parameter.type]
        if !parameter.choices.isEmpty { facts.append("one of \(parameter.choices.joined(separator: ", "))") }
        if let range = parameter.range { facts.append("\(range)") }
        facts.append(parameter.defaultValue.map { "default \($0)" } ?? "required")
        return facts
    }

    private static func words(_ stage: StageDescriptor) -> String {
        let rows = stage.parameters.map {
            ["  \($0.name)", $0.summary, facts(of: $0).joined(separator: "; ")]
        }
        let parameters = rows.isEmpty ? "" : "\n\n\(Table(rows: rows))"
        return "\(stage.name): \(stage.summary)\n\n  needs  \(stage.needs)\n  gives  \(stage.gives)\(parameters)\n\n  "
            + stage.example
    }

    private static func page(_ stages: [StageDescriptor]) -> String {
        let sections = stages.map { stage in
            let rows = stage.parameters.map {
                "| `\($0.name)` | \($0.summary) | \(facts(of: $0).joined(separator: "; ")) |"
            }
            let table =
                rows.isEmpty
                ? "" : "\n\n| parameter | what it is | values |\n|---|---|---|\n" + rows.joined(separator: "\n")
            return """
                ## \(stage.name)

                \(stage.summary). Needs \(stage.needs); gives \(stage.gives).

                ```swift
                \(stage.example)
                ```\(table)
                """
        }
        return """
            # Stages

            The built-in stages, from their own descriptors. This page is made by `make docs`, and a test holds it against the code;
            the examples are compiled by the tests.

            \(sections.joined(separator: "\n\n"))
            """
    }
}
