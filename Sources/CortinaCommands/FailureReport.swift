import GraphDSL
import LibAV
import Runner

/// Report of a failed run, written in place of a ``RunReport``. Holds the facts that a bug report needs.
struct FailureReport: Encodable {
    /// Error code, message, whose matter it is, and whether a retry may help.
    struct Problem: Encodable {
        let code: RunError.Code
        let message: String
        let blame: String
        let isWorthRetrying: Bool

        init(_ error: RunError) {
            let classification = error.classification
            code = classification.code
            message = error.description
            blame = "\(classification.blame)"
            isWorthRetrying = classification.isWorthRetrying
        }
    }

    /// The program's version.
    let version = Program.current.version
    /// The versions of libav that it runs with.
    let libraries = Encoder.versionText
    /// Name and version of the pipeline.
    var pipeline: PipelineReference?
    /// The digest of its manifest.
    var digest: ContentDigest?
    /// Facts of the clip; nil if the probe failed.
    var clip: MediaInfo?
    /// The graph of the whole output, where a plan was made.
    var filterGraph: String?
    /// The error.
    var error: Problem?
}
