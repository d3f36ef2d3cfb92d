import GraphDSL
import LibAV
import Runner

/// What a run that failed leaves in place of a ``RunReport``: what somebody needs who looks for the reason.
struct FailureReport: Encodable {
    /// The error's name for programs, and its sentence.
    struct Problem: Encodable {
        let code: RunError.Code
        let message: String
    }

    /// The program's version.
    let version = Program.current.version
    /// The versions of libav that it runs with.
    let libraries = Encoder.version
    /// Which pipeline it was.
    var pipeline: PipelineReference?
    /// The digest of its manifest.
    var digest: ContentDigest?
    /// What the clip is, where it could be told.
    var clip: MediaInfo?
    /// The graph of the whole output, where a plan was made.
    var filterGraph: String?
    /// What went wrong.
    var error: Problem?
}
