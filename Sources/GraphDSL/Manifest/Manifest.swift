public import FoundationEssentials

/// A file that a pipeline needs, and what must be in it.
public struct AssetReference: Hashable, Codable, Sendable {
    /// Where it lies, from the assets folder down.
    public let path: AssetPath
    /// The digest of its bytes.
    public let sha256: ContentDigest

    /// A file with its digest.
    public init(path: AssetPath, sha256: ContentDigest) {
        self.path = path
        self.sha256 = sha256
    }
}

/// A compiled pipeline: all that a worker needs to run it, without its Swift source and without any plugin's code.
public struct Manifest: Hashable, Sendable {
    /// The schema that this version of the project writes, and the newest it reads.
    public static let schema = 1

    /// The pipeline's name.
    public let name: String
    /// The pipeline's version.
    public let version: Int
    /// What it makes, in one line.
    public let summary: String
    /// What a run fills in.
    public let parameters: [Parameter]
    /// The files it needs, by path.
    public let assets: [AssetReference]
    /// From the upload and the assets to the output's streams, before normalisation and optimisation.
    public let graph: FilterGraph
    /// What comes out.
    public let output: OutputProfile

    /// The name with the version.
    public var reference: PipelineReference { PipelineReference(unchecked: name, version: version) }

    /// The manifest as canonical JSON: UTF-8, keys in order, two spaces an indent, one newline at the end. The same
    /// manifest gives the same bytes on every run and every machine; `publish` writes them as they are.
    public var canonicalJSON: Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        // Every value of a manifest is a string, an integer, a boolean or a container of these: none can fail to encode.
        let json = (try? encoder.encode(self)) ?? Data()
        return json + Data("\n".utf8)
    }

    /// What names this manifest for good: the SHA-256 of ``canonicalJSON``, as `sha256sum` prints it for the published
    /// file.
    public var digest: ContentDigest { ContentDigest(of: canonicalJSON) }

    /// Reads a manifest.
    ///
    /// - Throws: ``ManifestError``.
    public init(json: Data) throws(ManifestError) {
        struct Head: Decodable { let schema: Int }
        let decoder = JSONDecoder()
        let schema: Int
        do { schema = try decoder.decode(Head.self, from: json).schema } catch {
            throw .unreadable(Self.place(of: error))
        }
        guard schema <= Self.schema else { throw .newerSchema(schema, newest: Self.schema) }
        guard schema >= 1 else { throw .unreadable("schema is \(schema)") }
        do { self = try decoder.decode(Manifest.self, from: json) } catch { throw .unreadable(Self.place(of: error)) }
        let known = Set(assets.map(\.path))
        for case (_, let source) in graph.sources {
            if let asset = source.asset, !known.contains(asset) {
                throw .unreadable("the graph reads '\(asset)', which is not among the assets")
            }
        }
    }

    package init(
        name: String, version: Int, summary: String, parameters: [Parameter], assets: [AssetReference],
        graph: FilterGraph, output: OutputProfile
    ) {
        self.name = name
        self.version = version
        self.summary = summary
        self.parameters = parameters
        self.assets = assets
        self.graph = graph
        self.output = output
    }

    private static func place(of error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        switch error {
        case .keyNotFound(let key, let context): return words(context.codingPath, "'\(key.stringValue)' is missing")
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            return words(context.codingPath, context.debugDescription)
        @unknown default: return "\(error)"
        }
    }

    private static func words(_ path: [any CodingKey], _ what: String) -> String {
        let place = path.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
        return place.isEmpty ? what : "\(place): \(what)"
    }
}

extension Manifest: Codable {
    private enum Key: String, CodingKey {
        case schema, name, version, summary, parameters, assets, graph, output
    }

    public init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: Key.self)
        name = try object.decode(String.self, forKey: .name)
        version = try object.decode(Int.self, forKey: .version)
        summary = try object.decode(String.self, forKey: .summary)
        parameters = try object.decode([Parameter].self, forKey: .parameters)
        assets = try object.decode([AssetReference].self, forKey: .assets)
        graph = try object.decode(FilterGraph.self, forKey: .graph)
        output = try object.decode(OutputProfile.self, forKey: .output)
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        try object.encode(Self.schema, forKey: .schema)
        try object.encode(name, forKey: .name)
        try object.encode(version, forKey: .version)
        try object.encode(summary, forKey: .summary)
        try object.encode(parameters, forKey: .parameters)
        try object.encode(assets, forKey: .assets)
        try object.encode(graph, forKey: .graph)
        try object.encode(output, forKey: .output)
    }
}

/// Why a manifest cannot be read.
public enum ManifestError: Error, Hashable, Sendable {
    /// A newer version of the project wrote it.
    case newerSchema(Int, newest: Int)
    /// It is not a manifest; the place and what is wrong there.
    case unreadable(String)
}

extension ManifestError: CustomStringConvertible {
    /// What is wrong and what to do.
    public var description: String {
        switch self {
        case .newerSchema(let schema, let newest):
            "the manifest has schema \(schema), and this program reads up to \(newest): update the program"
        case .unreadable(let what):
            "the manifest cannot be read: \(what)"
        }
    }
}
