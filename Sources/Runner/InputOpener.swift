public import LibAV

/// How the clips are opened that a runner is given by name: as files, or from elsewhere.
public struct InputOpener: Sendable {
    /// Opens a clip.
    public var open:
        @Sendable (_ clip: String, _ cancellation: CancellationFlag) throws(ByteSourceError) -> any ByteSource
    /// What a clip is called in errors and reports: a signed address has parts that are secret.
    public var name: @Sendable (_ clip: String) -> String

    /// An opener that does this.
    public init(
        open: @escaping @Sendable (String, CancellationFlag) throws(ByteSourceError) -> any ByteSource,
        name: @escaping @Sendable (String) -> String = { $0 }
    ) {
        self.open = open
        self.name = name
    }

    /// Opens files by their paths.
    public static let files = InputOpener { (path, _) throws(ByteSourceError) in try FileByteSource(path: path) }
}
