import ArgumentParser
import FoundationEssentials
import GraphDSL
import Runner

/// `cortina publish [--check]`
struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Writes the manifests of the pipelines that are not published yet, and pictures of their graphs.",
        discussion:
            "A published manifest never changes: a definition that differs from it must become the next version.")

    @Flag(help: "Writes nothing; fails where a definition is not published, or differs from what is.")
    var check = false

    @OptionGroup var options: ProjectOptions

    func run() async throws {
        let project = try options.project()
        let runner = Runner(project.assets)
        var problems: [String] = []
        for pipeline in project.catalog.pipelines {
            let manifest = try project.compile(pipeline).manifest
            let path = project.file(manifest.reference)
            let json = manifest.canonicalJSON
            switch FileManager.default.contents(atPath: path) {
            case json?:
                if check, !FileManager.default.fileExists(atPath: project.picture(manifest.reference)) {
                    problems.append("\(manifest.reference) has no picture: run '\(Program.current.name) publish'")
                }
                if !check { try await draw(manifest, project) }
                print("\(manifest.reference)  \(manifest.digest.short)  unchanged")
            case nil where check:
                problems.append("\(manifest.reference) is not published: run '\(Program.current.name) publish'")
            case nil:
                try await project.check(manifest, runner)
                // The picture first: where Graphviz is missing, nothing is published.
                try await draw(manifest, project)
                try Files.write(json, to: path)
                print("\(manifest.reference)  \(manifest.digest.short)  published")
            default:
                problems.append(Self.changed(pipeline))
            }
        }
        if !problems.isEmpty { throw Failure(.unusableInput, problems.joined(separator: "\n")) }
    }

    /// Draws the graph as the pipeline's stages make it, where there is no picture yet.
    private func draw(_ manifest: Manifest, _ project: Project) async throws {
        let path = project.picture(manifest.reference)
        guard !FileManager.default.fileExists(atPath: path) else { return }
        let picture = try await Graphviz.svg(of: GraphStep(asWritten: manifest).drawing.dot)
        try Files.write(Data(picture.utf8), to: path)
    }

    private static func changed(_ pipeline: Pipeline) -> String {
        let file = pipeline.location.file.split(separator: "/").last.map(String.init) ?? ""
        let next = file.replacing("V\(pipeline.version).swift", with: "V\(pipeline.version + 1).swift")
        return "\(pipeline.reference) is published and \(pipeline.location) now gives another manifest; "
            + "put the file back, and make the change in a copy of it, \(next), with version: \(pipeline.version + 1)"
    }
}
