import ArgumentParser
import FoundationEssentials
import GraphDSL
import Runner

/// Where the project's assets and published manifests lie.
struct ProjectOptions: ParsableArguments {
    @Option(help: "The folder with assets/ and pipelines/published/. Default: looked for from here upward.")
    var home: String?

    @Option(help: "The folder with the pipelines' assets. Default: assets/ in the home folder.")
    var assets: String?

    /// The project's files.
    func project() throws -> Project { try Project(home: home, assets: assets) }
}

extension CompletionKind {
    /// The names of the pipelines that are defined in this program.
    static var pipelines: CompletionKind {
        let pipelines = Program.current.catalog.pipelines
        return .list(Set(pipelines.map(\.name) + pipelines.map(\.reference.description)).sorted())
    }

    /// The names of the stages.
    static var stages: CompletionKind { .list(Program.current.catalog.stages.map(\.name)) }
}

/// A checkout of the project, or a folder laid out like one.
struct Project {
    /// The pipelines' files.
    let assets: AssetFolder
    /// Where the project lies.
    let home: String
    /// The folder of the published manifests.
    let published: String
    /// The pipelines and stages of this program.
    let catalog = Program.current.catalog

    init(home: String?, assets: String?) throws {
        let home = try home ?? Self.find()
        self.home = home
        self.assets = AssetFolder(path: assets ?? "\(home)/assets")
        published = "\(home)/pipelines/published"
    }

    /// The nearest folder with `assets` and `pipelines`, from here or from the program upward, or what `CORTINA_HOME` says.
    private static func find() throws -> String {
        if let home = ProcessInfo.processInfo.environment["CORTINA_HOME"], !home.isEmpty { return home }
        let manager = FileManager.default
        let program = (try? manager.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "/"
        for start in [manager.currentDirectoryPath, program] {
            var folder = start
            while true {
                if manager.fileExists(atPath: "\(folder)/assets"), manager.fileExists(atPath: "\(folder)/pipelines") {
                    return folder
                }
                guard let slash = folder.lastIndex(of: "/"), folder != "/" else { break }
                folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
            }
        }
        throw Failure(
            .fault, "the project's assets are not found from here; give its folder with --home or CORTINA_HOME")
    }

    /// The published manifests, by name and version.
    func publishedManifests() throws -> [PipelineReference] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: published)) ?? []
        return names.compactMap { name in
            name.hasSuffix(".json") ? PipelineReference(String(name.dropLast(5))) : nil
        }
    }

    /// Where the manifest of a pipeline is published.
    func file(_ pipeline: PipelineReference) -> String { "\(published)/\(pipeline).json" }

    /// Where the picture of a published pipeline's graph lies, beside its manifest.
    func picture(_ pipeline: PipelineReference) -> String { "\(published)/\(pipeline).svg" }

    /// The manifest that a name, a name with a version, or a path asks for.
    ///
    /// A published manifest counts more than the definition of the same version: it never changes. The definition counts
    /// where the version is not published yet.
    func manifest(_ text: String) throws -> Manifest {
        if Self.isPath(text) { return try read(text) }
        let published = try publishedManifests()
        let known = Set(published).union(catalog.pipelines.map(\.reference))
        guard let wanted = PipelineReference(text), let found = newest(wanted, among: known) else {
            throw unknown(text, known)
        }
        let definition = catalog.pipelines.first { $0.reference == found }
        guard published.contains(found) else {
            guard let definition else { throw unknown(text, known) }
            return try compile(definition).manifest
        }
        let manifest = try read(file(found))
        if let definition, differs(definition, from: manifest) {
            Console.warn("\(found) is published and its definition now differs: the published one runs")
        }
        return manifest
    }

    /// Whether a definition would be published otherwise now. The assets count as they were: a runner checks them.
    private func differs(_ definition: Pipeline, from manifest: Manifest) -> Bool {
        guard let compiled = try? definition.compile(assets: AssetCatalog(manifest.assets)).manifest else {
            return true
        }
        return compiled.graph != manifest.graph || compiled.output != manifest.output
    }

    /// Whether a pipeline is named by the path of its manifest.
    static func isPath(_ text: String) -> Bool { text.contains("/") || text.hasSuffix(".json") }

    /// The definition in this program that a name, or a name with a version, asks for; the newest where it says none.
    func definition(_ text: String) -> Pipeline? {
        guard !Self.isPath(text), let wanted = PipelineReference(text) else { return nil }
        return catalog.pipelines
            .filter { $0.name == wanted.name && (wanted.version == nil || $0.version == wanted.version) }
            .max { $0.version < $1.version }
    }

    /// Compiles a definition and prints its warnings.
    func compile(_ pipeline: Pipeline) throws -> Compilation {
        let compilation = try pipeline.compile(assets: assets.catalog())
        for warning in compilation.warnings { Console.write("\(warning)\n") }
        return compilation
    }

    /// Checks that this machine's libav has all that a pipeline asks for.
    ///
    /// - Throws: ``Failure`` that says what it has not.
    func check(_ manifest: Manifest, _ runner: Runner) async throws {
        let findings = try await runner.findings(of: manifest)
        guard findings.isEmpty else { throw failure(manifest, findings) }
    }

    /// The failure that findings of libav are, with their places in the source where the definition is at hand.
    func failure(_ manifest: Manifest, _ findings: [LibraryFinding]) -> Failure {
        let compiled = catalog.pipelines.lazy.compactMap { try? $0.compile(assets: assets.catalog()) }
            .first { $0.manifest.graph == manifest.graph }
        let lines = findings.map { finding in
            guard let node = finding.node else { return "  output: \(finding.message)" }
            let stage = manifest.graph.nodes[node].stage.map { "\($0): " } ?? ""
            guard let place = compiled?.places[node] else { return "  \(stage)\(finding.message)" }
            return "\(Diagnostic(.error, finding.message, at: place.location))"
        }
        let count = lines.count
        return Failure(
            .unusableInput,
            "\(manifest.reference) cannot run here: \(count) error\(count == 1 ? "" : "s")\n\(lines.joined(separator: "\n"))"
        )
    }

    private func read(_ path: String) throws -> Manifest {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failure(.noInput, "there is no manifest '\(path)'; check the path")
        }
        return try Manifest(json: data)
    }

    private func newest(_ wanted: PipelineReference, among known: Set<PipelineReference>) -> PipelineReference? {
        known.filter { $0.name == wanted.name && (wanted.version == nil || $0.version == wanted.version) }
            .max { ($0.version ?? 0) < ($1.version ?? 0) }
    }

    private func unknown(_ text: String, _ known: Set<PipelineReference>) -> Failure {
        let name = text.split(separator: "@").first.map(String.init) ?? text
        let versions = known.filter { $0.name == name }.map(\.description).sorted()
        let near =
            versions.isEmpty
            ? Suggestion.question(name, among: known.map(\.name)) : "; there is \(versions.joined(separator: ", "))"
        return Failure(
            .usage,
            "there is no pipeline '\(text)'\(near.isEmpty ? "; list them with '\(Program.current.name) pipelines'" : near)"
        )
    }
}
