/// A file of the assets folder, as a pipeline names it: `.asset("brand/intro.mp4")`.
public struct Asset: Hashable, Sendable {
    /// The path as written, from the assets folder down.
    public let text: String

    /// A file of the assets folder by its path from there.
    public static func asset(_ path: String) -> Asset { Asset(text: path) }

    /// The path, or nil where it is not one that a manifest may hold.
    package var path: AssetPath? { AssetPath(text) }
}

extension Asset: ParameterValue {
    public static var typeName: String { "asset" }
    public var argumentText: String { ".asset(\"\(text)\")" }
}

/// The files of an assets folder and their digests: what compiling needs to know of them.
public struct AssetCatalog: Hashable, Sendable {
    /// The digest of each file.
    public var digests: [AssetPath: ContentDigest]

    /// A catalog from digests.
    public init(_ digests: [AssetPath: ContentDigest] = [:]) { self.digests = digests }

    /// The catalog of the files that a manifest names, as they were when it was made.
    public init(_ references: [AssetReference]) {
        digests = Dictionary(references.map { ($0.path, $0.sha256) }) { first, _ in first }
    }
}
