import Database
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

    /// A pipeline by its name and version, or the newest of its name.
    func entry(_ reference: PipelineReference) -> Entry? {
        entries.last { entry in
            entry.pinned.name == reference.name && (reference.version ?? entry.pinned.version) == entry.pinned.version
        }
    }

    /// Whether it is what its bare name stands for.
    func isDefault(_ entry: Entry) -> Bool {
        self.entry(PipelineReference(entry.pinned.name) ?? entry.manifest.reference)?.pinned == entry.pinned
    }
}

extension Fields {
    /// What is made of an upload that names no pipeline.
    private static let usualPipeline = "showcase"

    /// A pipeline by its name, or its name and version; the usual one where none is named.
    mutating func pipeline(_ name: String, _ value: String?, in catalog: PipelineCatalog) -> PinnedPipeline? {
        let entry = PipelineReference(value ?? Self.usualPipeline).flatMap { catalog.entry($0) }
        if entry == nil { refuse(name, "is none of ours") }
        return entry?.pinned
    }
}
