import FoundationEssentials
import GraphDSL
import Subprocess
import SystemPackage

/// Watches what a live preview is made from, and makes the manifest anew when it changes.
struct PreviewWatch: Sendable {
    /// What is watched.
    private enum Subject: Sendable {
        /// A manifest's file.
        case manifest(String)
        /// The folder of a definition, in a package that is built anew.
        case definition(folder: String, package: String, pipeline: PipelineReference)
    }

    private let subject: Subject

    /// What to watch for a pipeline; nil where nothing of it can change: a published manifest without a definition here.
    init?(_ text: String, _ project: Project) {
        if Project.isPath(text) {
            subject = .manifest(text)
            return
        }
        guard let definition = project.definition(text),
            FileManager.default.fileExists(atPath: "\(project.home)/Package.swift"),
            let folder = Self.folder(of: definition, under: project.home)
        else { return nil }
        subject = .definition(folder: folder, package: project.home, pipeline: definition.reference)
    }

    /// What is watched, in words.
    var description: String {
        switch subject {
        case .manifest(let path), .definition(let path, _, _): path
        }
    }

    /// Makes manifests until the task is cancelled.
    func run(_ state: PreviewState) async throws {
        var seen = stamp
        while !Task.isCancelled {
            try await Task.sleep(for: .milliseconds(300))
            let now = stamp
            guard now != seen else { continue }
            seen = now
            do { await state.show(try await manifest()) } catch is CancellationError {
                return
            } catch {
                await state.fail("\(error)")
            }
        }
    }

    private func manifest() async throws -> Manifest {
        switch subject {
        case .manifest(let path):
            guard let data = FileManager.default.contents(atPath: path) else {
                throw Failure(.noInput, "the manifest '\(path)' is gone")
            }
            return try Manifest(json: data)
        case .definition(_, let package, let pipeline):
            return try await Deadline.within(.seconds(900), "the build") {
                try await Self.build(pipeline, in: package)
            }
        }
    }

    /// How many bytes of a build's words are read.
    private static let most = 4 << 20

    /// Builds the package and asks the new program for the pipeline's manifest.
    private static func build(_ pipeline: PipelineReference, in package: String) async throws -> Manifest {
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let path = program.replacing(" (deleted)", with: "")
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        let configuration = path.contains("/release/") ? ["-c", "release"] : []
        let built = try await Subprocess.run(
            .name("swift"), arguments: Arguments(["build", "--product", name] + configuration),
            workingDirectory: FilePath(package), output: .string(limit: most), error: .combinedWithOutput)
        try Task.checkCancellation()
        guard built.terminationStatus.isSuccess else { throw Failure(.unusableInput, errors(in: built.standardOutput)) }
        let asked = try await Subprocess.run(
            .path(FilePath(path)), arguments: ["manifest", pipeline.description, "--home", package],
            output: .string(limit: most), error: .string(limit: most))
        guard asked.terminationStatus.isSuccess else { throw Failure(.unusableInput, asked.standardError) }
        return try Manifest(json: Data(asked.standardOutput.utf8))
    }

    /// The lines of a build that say what is wrong.
    private static func errors(in text: String) -> String {
        let lines = text.split(separator: "\n").filter { $0.contains("error:") && $0.contains(".swift:") }
        var seen = Set<Substring>()
        let unique = lines.filter { seen.insert($0).inserted }
        return unique.isEmpty ? String(text.suffix(2000)) : unique.joined(separator: "\n")
    }

    /// The folder of the file that defines a pipeline: its name is known, its place is looked for.
    private static func folder(of pipeline: Pipeline, under home: String) -> String? {
        guard let file = pipeline.location.file.split(separator: "/").last.map(String.init) else { return nil }
        for path in FileManager.default.swiftFiles(under: home) where path.hasSuffix("/\(file)") {
            return String(path.dropLast(file.count + 1))
        }
        return nil
    }

    /// The names, sizes and times of the files that are watched.
    private var stamp: [String] {
        let paths: [String]
        switch subject {
        case .manifest(let path): paths = [path]
        case .definition(let folder, _, _): paths = FileManager.default.swiftFiles(under: folder)
        }
        return paths.map { path in
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            let time = (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
            return "\(path) \(time) \((attributes?[.size] as? Int) ?? -1)"
        }
    }
}

extension FileManager {
    /// The Swift files in a folder and below, hidden folders left out.
    fileprivate func swiftFiles(under folder: String) -> [String] {
        let names = ((try? contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
        return names.flatMap { name -> [String] in
            let path = "\(folder)/\(name)"
            var isFolder = false
            guard fileExists(atPath: path, isDirectory: &isFolder) else { return [] }
            if isFolder { return swiftFiles(under: path) }
            return name.hasSuffix(".swift") ? [path] : []
        }
    }
}
