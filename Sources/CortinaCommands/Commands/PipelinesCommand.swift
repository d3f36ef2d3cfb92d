import ArgumentParser
import GraphDSL

/// `cortina pipelines`
struct PipelinesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "pipelines", abstract: "Lists the pipelines.")

    @Flag(help: "Prints JSON.")
    var json = false

    @OptionGroup var options: ProjectOptions

    /// What is said of a pipeline.
    private struct Row: Encodable {
        let name: String
        let version: Int
        let summary: String
        let digest: ContentDigest
        let isPublished: Bool
        let parameters: [Parameter]
    }

    func run() throws {
        let project = try options.project()
        let published = try project.publishedManifests()
        let known = Set(published).union(project.catalog.pipelines.map(\.reference))
        let rows = try known.sorted { ($0.name, $0.version ?? 0) < ($1.name, $1.version ?? 0) }.map { reference in
            let manifest = try project.manifest("\(reference)")
            return Row(
                name: manifest.name, version: manifest.version, summary: manifest.summary, digest: manifest.digest,
                isPublished: published.contains(reference), parameters: manifest.parameters)
        }
        guard !json else { return print(try Console.json(rows, indented: true)) }
        var table = Table()
        for row in rows {
            let parameters = row.parameters.map { " --set \($0.name)=…" }.joined()
            table.rows.append([
                "\(row.name)@\(row.version)", "\(row.digest.short)", row.isPublished ? "published" : "draft",
                row.summary + parameters,
            ])
        }
        print(table)
    }
}
