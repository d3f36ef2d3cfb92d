public import GraphDSL

/// A pipeline of which nothing is left open: what it is called, and what it is.
public struct PinnedPipeline: Hashable, Sendable {
    public var name: String
    public var version: Int
    /// Of its manifest.
    public var digest: ContentDigest

    public init(name: String, version: Int, digest: ContentDigest) {
        self.name = name
        self.version = version
        self.digest = digest
    }

    init(_ row: Row) throws(DatabaseError) {
        guard let digest = ContentDigest(try row["pipeline_digest"]) else {
            throw .undecodable(column: "pipeline_digest", reason: "is no digest")
        }
        self.init(name: try row["pipeline_name"], version: try row["pipeline_version"], digest: digest)
    }
}

extension ContentDigest: ParameterConvertible {
    public var parameter: Parameter { description.parameter }
}
