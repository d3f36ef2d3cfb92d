import Database
import FoundationEssentials
public import GraphDSL

/// The folder of published manifests, `NAME@VERSION.json`.
public struct PublishedFolder: Sendable {
    private let path: String

    public init(path: String) { self.path = path }

    /// Why a worker has not the pipeline that a job is to be done with.
    public enum Problem: Error, Hashable, Sendable {
        /// It is not there.
        case missing(PipelineReference)
        /// What is there has another content.
        case other(PipelineReference, found: ContentDigest)
        /// It cannot be read as a manifest.
        case unreadable(PipelineReference)
    }

    /// The manifest of a pipeline, canonical JSON: the one with just its digest.
    func manifest(of pipeline: PinnedPipeline) throws(Problem) -> Data {
        let reference = PipelineReference(unchecked: pipeline.name, version: pipeline.version)
        guard let json = FileManager.default.contents(atPath: "\(path)/\(reference).json") else {
            throw .missing(reference)
        }
        let digest = ContentDigest(of: json)
        guard digest == pipeline.digest else { throw .other(reference, found: digest) }
        guard (try? Manifest(json: json)) != nil else { throw .unreadable(reference) }
        return json
    }
}

extension PublishedFolder.Problem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing(let reference): "this worker has no \(reference)"
        case .other(let reference, let found): "this worker has another \(reference) (\(found.short)…)"
        case .unreadable(let reference): "this worker's \(reference) cannot be read"
        }
    }
}
