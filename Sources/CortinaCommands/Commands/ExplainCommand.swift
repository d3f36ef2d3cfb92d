import ArgumentParser
import FoundationEssentials
import GraphDSL
import Runner

/// `cortina explain PIPELINE [CLIP]`
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Shows the graph of a pipeline, and with a clip what each step of binding makes of it and why.")

    /// The languages that a graph can be written in.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, dot, mermaid, svg, html
    }

    @Argument(help: "A pipeline's name, NAME@VERSION, or the path of a manifest.", completion: .pipelines)
    var pipeline: String

    @Argument(help: "The clip.", completion: .file())
    var clip: String?

    @Option(help: "How the graph is written: \(Format.allCases.map(\.rawValue).joined(separator: ", ")).")
    var format = Format.text

    @Option(
        help: "Which step is shown: \(GraphStep.names.joined(separator: ", ")).",
        completion: .list(GraphStep.names))
    var step: String?

    @OptionGroup var values: ParameterOptions

    @OptionGroup var options: ProjectOptions

    func validate() throws {
        if let step, !GraphStep.names.contains(step) {
            throw ValidationError("there is no step '\(step)'\(Suggestion.question(step, among: GraphStep.names))")
        }
    }

    func run() async throws {
        let project = try options.project()
        let manifest = try project.manifest(pipeline)
        var steps = [GraphStep(asWritten: manifest)]
        if let clip {
            let runner = Runner(project.assets)
            steps = try await runner.explain(manifest, for: clip, parameters: values.values)
        }
        if let step {
            steps = steps.filter { $0.name == step }
            if steps.isEmpty { throw Failure(.usage, "the step '\(step)' needs a clip; give one") }
        }
        guard let last = steps.last else { return }
        switch format {
        case .text:
            let parts = steps.map { step in
                ([step.drawing.text] + step.changes.map { "  * \($0)" }).joined(separator: "\n")
            }
            print(parts.joined(separator: "\n\n"))
        case .dot: print(last.drawing.dot)
        case .mermaid: print(last.drawing.mermaid)
        case .svg: print(try await Graphviz.svg(of: last.drawing.dot))
        case .html: print(try await ExplainPage(manifest, clip: clip, steps).text)
        }
    }
}
