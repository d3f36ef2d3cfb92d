public import Database
import Foundation
import GraphDSL

/// The pipelines that an upload can choose: what lies published in a folder.
public struct PipelineCatalog: Sendable {
    /// A pipeline that is published.
    struct Entry: Sendable {
        let manifest: Manifest
        /// Its file, as it is.
        let json: Data
        let pinned: PinnedPipeline
        /// Its picture's file.
        let picture: String
    }

    /// By name and version.
    let entries: [Entry]

    /// - Parameter folder: of `NAME@VERSION.json` and the pictures beside them.
    /// - Throws: ``SetupError`` where one cannot be read, or there is none.
    public init(folder: String) throws(SetupError) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        var entries: [Entry] = []
        for name in names where name.hasSuffix(".json") {
            let path = "\(folder)/\(name)"
            guard let json = FileManager.default.contents(atPath: path), let manifest = try? Manifest(json: json) else {
                throw .unreadableManifest(path)
            }
            let pinned = PinnedPipeline(name: manifest.name, version: manifest.version, digest: ContentDigest(of: json))
            entries.append(
                Entry(manifest: manifest, json: json, pinned: pinned, picture: "\(path.dropLast(5)).svg"))
        }
        guard !entries.isEmpty else { throw .noPipelines(folder) }
        self.entries = entries.sorted { ($0.pinned.name, $0.pinned.version) < ($1.pinned.name, $1.pinned.version) }
    }

    /// What is published, by name and version.
    public var pipelines: [PinnedPipeline] { entries.map(\.pinned) }

    /// A pipeline by its name and version.
    public func pipeline(_ name: String, version: Int) -> PinnedPipeline? { entry(name, version: version)?.pinned }

    /// The newest of a name, as far as a version.
    public func newest(_ name: String, upTo version: Int? = nil) -> PinnedPipeline? {
        newestEntry(name, upTo: version)?.pinned
    }

    /// A pipeline by its name and version.
    func entry(_ name: String, version: Int) -> Entry? {
        entries.first { $0.pinned.name == name && $0.pinned.version == version }
    }

    /// The newest of a name, as far as a version: a server on which that is not published yet takes what it has.
    func newestEntry(_ name: String, upTo version: Int?) -> Entry? {
        entries.last { $0.pinned.name == name && $0.pinned.version <= version ?? .max }
    }
}
