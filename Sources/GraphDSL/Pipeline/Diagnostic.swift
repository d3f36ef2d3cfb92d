/// One thing that is wrong, or probably wrong, with a pipeline, and where.
public struct Diagnostic: Hashable, Sendable {
    /// How bad it is.
    public enum Severity: String, Sendable {
        /// The pipeline does not compile.
        case error
        /// The pipeline compiles, and probably does something that is not meant.
        case warning
    }

    /// How bad it is.
    public let severity: Severity
    /// What is wrong, as a sentence without its full stop.
    public let message: String
    /// Where, in the pipeline's source.
    public let location: SourceLocation
    /// What else helps: the place inside a composite stage, what to do about it.
    public let notes: [String]

    /// A finding at a place.
    public init(_ severity: Severity, _ message: String, at location: SourceLocation, notes: [String] = []) {
        self.severity = severity
        self.message = message
        self.location = location
        self.notes = notes
    }
}

extension Diagnostic: CustomStringConvertible {
    /// As a compiler prints it: `ShowcaseV1.swift:14: error: …`, then a line for each note.
    public var description: String {
        ([("\(severity)", message)] + notes.map { ("note", $0) })
            .map { "\(location): \($0): \($1)" }.joined(separator: "\n")
    }
}

/// Everything that keeps a pipeline from compiling.
public struct CompilationError: Error, Hashable, CustomStringConvertible {
    /// The pipeline's name and version.
    public let pipeline: PipelineReference
    /// All that was found, warnings too, in the order of the stages.
    public let diagnostics: [Diagnostic]

    /// The findings, a line each.
    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
