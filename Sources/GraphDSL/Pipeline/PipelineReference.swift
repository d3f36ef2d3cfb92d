/// A pipeline's name and version, `showcase@2`, or its name alone for the newest.
public struct PipelineReference: Hashable, Codable, Sendable {
    /// The name: lower-case letters, digits and single hyphens, beginning with a letter.
    public let name: String
    /// The version, from 1; nil for the newest.
    public let version: Int?

    package init(unchecked name: String, version: Int?) {
        self.name = name
        self.version = version
    }

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (97...122).contains(first), text.utf8.count <= 64, !text.hasSuffix("-"),
            !text.contains("--")
        else { return false }
        return text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }
}

extension PipelineReference: LosslessStringConvertible {
    /// Reads `showcase` or `showcase@2`; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first.map(String.init), Self.isName(name) else { return nil }
        guard parts.count == 2 else {
            self.init(unchecked: name, version: nil)
            return
        }
        guard let version = Int(parts[1]), version >= 1, "\(version)" == parts[1] else { return nil }
        self.init(unchecked: name, version: version)
    }

    public var description: String { version.map { "\(name)@\($0)" } ?? name }
}
