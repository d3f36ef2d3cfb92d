/// A line of Swift source.
public struct SourceLocation: Hashable, Sendable {
    /// The file as `#fileID` names it: `Pipelines/ShowcaseV1.swift`.
    public let file: String
    /// The line, from 1.
    public let line: Int

    /// A line of a file.
    public init(file: String, line: Int) {
        self.file = file
        self.line = line
    }
}

extension SourceLocation: CustomStringConvertible {
    /// The file's own name and the line: `ShowcaseV1.swift:14`.
    public var description: String { "\(file.split(separator: "/").last ?? ""):\(line)" }
}
