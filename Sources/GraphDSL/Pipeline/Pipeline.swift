/// A pipeline's definition: a name, a version, stages, and an output.
///
/// ```swift
/// let short = Pipeline("short", version: 1, summary: "The first ten seconds") {
///     Trim(to: .seconds(10))
/// } output: {
///     MP4(frameRate: 30)
/// }
/// ```
public struct Pipeline: Sendable {
    /// The name people ask for: lower-case letters, digits and hyphens.
    public let name: String
    /// The version, from 1. A published version never changes.
    public let version: Int
    /// What it makes, in one line without a full stop.
    public let summary: String
    /// What a run fills in.
    public let parameters: [Parameter]
    /// The stages, first to last.
    public let stages: [PlacedStage]
    /// What comes out.
    public let output: OutputProfile
    /// Where it is defined.
    public let location: SourceLocation

    /// A pipeline from its stages and its output.
    public init(
        _ name: String, version: Int, summary: String, parameters: [Parameter] = [],
        @StageBuilder stages: () -> [PlacedStage], output: () -> MP4, file: String = #fileID, line: Int = #line
    ) {
        self.name = name
        self.version = version
        self.summary = summary
        self.parameters = parameters
        self.stages = stages()
        self.output = output().profile
        self.location = SourceLocation(file: file, line: line)
    }

    /// The name with the version.
    public var reference: PipelineReference { PipelineReference(unchecked: name, version: version) }
}
