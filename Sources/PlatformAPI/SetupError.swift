/// Why the API cannot be started as it was told.
public enum SetupError: Error, Hashable, Sendable {
    /// There is no key for tokens.
    case noTokenKey
    /// A key for tokens has fewer than 32 bytes.
    case shortTokenKey(String)
    /// A published manifest cannot be read.
    case unreadableManifest(String)
    /// A folder has no published manifests.
    case noPipelines(String)
}

extension SetupError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noTokenKey: "there is no key to sign tokens with"
        case .shortTokenKey(let name): "the key '\(name)' for tokens has fewer than 32 bytes"
        case .unreadableManifest(let path): "the manifest '\(path)' cannot be read"
        case .noPipelines(let folder): "no pipelines are published in '\(folder)'"
        }
    }
}
