import ArgumentParser
import FoundationEssentials
import GraphDSL

/// `cortina new pipeline|stage|package NAME`
struct NewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Writes a pipeline, a stage or a package to begin with: it compiles, and has its test.",
        subcommands: [NewPipelineCommand.self, NewStageCommand.self, NewPackageCommand.self])
}

/// Files that are written together, or not at all where one of them is there already.
private struct NewFiles {
    var files: [(path: String, text: String)] = []

    /// Writes them.
    ///
    /// - Throws: ``Failure``; then none is there.
    func write() throws {
        let manager = FileManager.default
        for file in files where manager.fileExists(atPath: file.path) {
            throw Failure(.usage, "'\(file.path)' is there already; choose another name")
        }
        for file in files {
            let folder = file.path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
                separator: "/")
            do { try manager.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
                throw Failure(.cannotWrite, "the folder '\(folder)' cannot be made")
            }
            try Files.write(file.text, to: file.path)
            print("wrote \(file.path)")
        }
    }
}

extension Layout.Place {
    /// Adds an item to the list, or says what to add where the list is not as expected.
    fileprivate func list(_ item: String) throws {
        let text = FileManager.default.contents(atPath: list).map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard let changed = SourceList.adding(item, after: marker, to: text) else {
            return print("add \(item) to the list in \(list)")
        }
        try Files.write(changed, to: list)
        print("added \(item) to \(list)")
    }
}

/// `cortina new pipeline NAME`
struct NewPipelineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipeline", abstract: "Writes a pipeline of three stages, with its test.")

    @Argument(help: "Its name: lower-case letters, digits, hyphens.")
    var name: String

    @OptionGroup var options: ProjectOptions

    func run() throws {
        let name = try NewName(self.name)
        let project = try options.project()
        let layout = try Layout(project.home)
        if project.catalog.pipelines.contains(where: { $0.name == name.words }) {
            throw Failure(.usage, "there is a pipeline '\(name.words)' already; choose another name")
        }
        let place = layout.pipelines
        try NewFiles(files: [
            ("\(place.folder)/\(name.type)/\(name.type)V1.swift", Templates.pipeline(name)),
            (
                "\(place.tests)/\(name.type)Tests.swift",
                Templates.pipelineTest(name, module: place.module, catalog: layout.catalog)
            ),
        ]).write()
        try place.list(".\(name.constant)V1")
        print("build, then: \(Program.current.name) preview \(name.words) CLIP --serve")
    }
}

/// `cortina new stage NAME`
struct NewStageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stage", abstract: "Writes a stage with one parameter, with its test.")

    @Argument(help: "Its name: lower-case letters, digits, hyphens.")
    var name: String

    @OptionGroup var options: ProjectOptions

    func run() throws {
        let name = try NewName(self.name)
        let project = try options.project()
        let layout = try Layout(project.home)
        // Names that the DSL has taken would shadow it in every file of the module.
        let taken = ["Asset", "Catalog", "Clip", "Filter", "Link", "Manifest", "Parameter", "Pipeline", "Stage"]
        if project.catalog.stage(named: name.words) != nil || taken.contains(name.type) {
            throw Failure(.usage, "there is a stage '\(name.words)' already; choose another name")
        }
        let place = layout.stages
        try NewFiles(files: [
            ("\(place.folder)/\(name.type).swift", Templates.stage(name)),
            ("\(place.tests)/\(name.type)Tests.swift", Templates.stageTest(name, module: place.module)),
        ]).write()
        try place.list("\(name.type).self")
        print("build, then: \(Program.current.name) stages \(name.words)")
    }
}

/// `cortina new package NAME`
struct NewPackageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "package",
        abstract: "Writes a package for stages and pipelines of one's own, with the whole command line.")

    @Argument(help: "Its name: lower-case letters, digits, hyphens. Also its folder's.")
    var name: String

    @Option(help: "The folder in which it is made.", completion: .directory)
    var into = "."

    @Option(help: "Where Cortina lies. Default: the home folder.", completion: .directory)
    var cortina: String?

    @OptionGroup var options: ProjectOptions

    func run() throws {
        let name = try NewName(self.name)
        let cortina = try self.cortina ?? options.project().home
        let folder = "\(into)/\(name.words)"
        try NewFiles(files: [
            ("\(folder)/Package.swift", Templates.package(name, cortina: cortina)),
            ("\(folder)/Sources/\(name.type)/Catalog.swift", Templates.catalog(name)),
            ("\(folder)/Sources/Main/Main.swift", Templates.main(name)),
            ("\(folder)/README.md", Templates.readme(name)), ("\(folder)/.gitignore", Templates.gitignore),
            ("\(folder)/assets/.gitkeep", ""), ("\(folder)/pipelines/published/.gitkeep", ""),
            ("\(folder)/Tests/\(name.type)Tests/CatalogTests.swift", Templates.catalogTest(name)),
        ]).write()
        print("cd \(folder), then: swift run \(name.words) new stage NAME, or new pipeline NAME")
    }
}
