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
    /// What else helps: the other stage that is involved, what to do about it.
    public let notes: [Note]

    /// A remark that helps with a finding.
    public struct Note: Hashable, Sendable {
        /// What a remark is for.
        public enum Kind: String, Sendable {
            /// It points at another place that has to do with it.
            case note
            /// It says what to do.
            case fix
        }

        /// What it is for.
        public let kind: Kind
        /// What it says, without a full stop.
        public let message: String
        /// The place that it points at; nil for the finding's own.
        public let location: SourceLocation?

        /// A remark that points at a place.
        public static func note(_ message: String, at location: SourceLocation) -> Note {
            Note(kind: .note, message: message, location: location)
        }

        /// What to do.
        public static func fix(_ message: String) -> Note { Note(kind: .fix, message: message, location: nil) }
    }

    /// A finding at a place.
    public init(_ severity: Severity, _ message: String, at location: SourceLocation, notes: [Note] = []) {
        self.severity = severity
        self.message = message
        self.location = location
        self.notes = notes
    }
}

extension Diagnostic: CustomStringConvertible {
    /// As a compiler prints it: `ShowcaseV1.swift:14: error: …`, then a line for each note.
    public var description: String {
        (["\(location): \(severity): \(message)"]
            + notes.map { "\($0.location ?? location): \($0.kind): \($0.message)" })
            .joined(separator: "\n")
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
