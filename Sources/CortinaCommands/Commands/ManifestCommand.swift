import ArgumentParser
import FoundationEssentials
import GraphDSL

/// `cortina manifest PIPELINE`
struct ManifestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manifest", abstract: "Prints the manifest that a pipeline's definition compiles to.",
        discussion: "Of a pipeline that is only published, prints that manifest.")

    @Argument(help: "A pipeline's name, NAME@VERSION, or the path of a manifest.", completion: .pipelines)
    var pipeline: String

    @OptionGroup var options: ProjectOptions

    func run() throws {
        let project = try options.project()
        let manifest =
            try project.definition(pipeline).map { try project.compile($0).manifest } ?? project.manifest(pipeline)
        print(String(decoding: manifest.canonicalJSON, as: UTF8.self))
    }
}
