/// The name of a file in the assets folder: `brand/intro.mp4`.
///
/// A relative path with `/` between its parts and no `.` or `..` among them, so that a manifest can name nothing
/// outside the folder it is given.
public struct AssetPath: Hashable, Sendable {
    /// The path as written.
    public let description: String
}

extension AssetPath: LosslessStringConvertible {
    /// Reads a relative path; nil when it is empty, absolute, or leads out of its folder.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard !parts.isEmpty, !text.utf8.contains(0),
            parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
        else { return nil }
        description = text
    }
}

extension AssetPath: Comparable {
    public static func < (left: AssetPath, right: AssetPath) -> Bool { left.description < right.description }
}

extension AssetPath: Codable {
    public init(from decoder: any Decoder) throws { self = try decoder.decodeText() }
    public func encode(to encoder: any Encoder) throws { try encoder.encodeText(self) }
}
