import FoundationEssentials
public import GraphDSL
import LibAV

/// A folder of what is made of assets and is the same for every upload: encoded segments, kept under the digest of all that
/// they depend on, and what the assets are.
///
/// Each is in a file of its own, which is there as a whole or not at all; a damaged one is known and made again, and two
/// processes that make the same one do no harm.
public struct AssetCache: Sendable {
    /// A segment that is kept.
    public struct Entry: Hashable, Codable, Sendable {
        /// What it is kept under.
        public var key: ContentDigest
        /// Its file's size in bytes.
        public var bytes: Int
        /// When it was used last, in seconds since 1970.
        public var used: Double
        /// How many frames it has; nil where it is damaged.
        public var frames: Int?
    }

    private let segments: ContentStore
    private let facts: ContentStore
    /// The segments that were opened ahead of a run; nil where files are opened as they are asked for.
    private var opened: [ContentDigest: ContentStore.OpenFile]?

    /// Where the files lie.
    public var path: String { segments.path }
    /// The most bytes that the segments may take together.
    public var limit: Int { segments.limit }

    /// The most bytes that what is known of assets may take: some 1,000 of them.
    private static let factsLimit = 4 << 20

    /// The cache in a folder, which is made with the first file.
    ///
    /// - Parameter limit: the most bytes that the segments may take together; the default has room for some 500 bumpers.
    public init(path: String, limit: Int = 256 << 20) {
        segments = ContentStore(path: path, kind: "segment", limit: limit)
        facts = ContentStore(path: path, kind: "facts", limit: Self.factsLimit)
    }

    /// Returns the cache with its segments open. It opens no file by name, and keeps nothing, from then on.
    func opening() -> AssetCache {
        var cache = self
        cache.opened = segments.open(atMost: Self.openLimit)
        return cache
    }

    /// The most segments that are opened ahead of a run: those that were used last.
    private static let openLimit = 100

    /// The segment that is kept under a key; nil where there is none, or it is damaged.
    func segment(for key: ContentDigest) -> EncodedSegment? {
        guard let opened else { return segments.value(EncodedSegment.self, for: key) }
        return opened[key].flatMap { segments.value(EncodedSegment.self, in: $0) }
    }

    /// Keeps a segment under a key.
    func keep(_ segment: EncodedSegment, for key: ContentDigest) {
        if opened == nil { segments.keep(segment, for: key) }
    }

    /// What an asset is; nil where it is not known.
    ///
    /// - Parameter content: the asset's.
    func info(of content: ContentDigest) -> MediaInfo? { facts.value(MediaInfo.self, for: Self.key(content)) }

    /// Keeps what an asset is.
    func keep(_ info: MediaInfo, of content: ContentDigest) {
        if opened == nil { facts.keep(info, for: Self.key(content)) }
    }

    /// All segments that are kept, the one used last first.
    public func entries() -> [Entry] {
        segments.files().map { file in
            Entry(
                key: file.key, bytes: file.bytes, used: file.used,
                frames: segments.read(EncodedSegment.self, file)?.frames)
        }
    }

    /// Removes all that is kept.
    ///
    /// - Returns: how many segments there were.
    public func clear() -> Int {
        _ = facts.clear()
        return segments.clear()
    }

    /// What is known of an asset depends on who looked: this file's prober, and the libraries.
    private static func key(_ content: ContentDigest) -> ContentDigest {
        ContentDigest(of: Data("\(content), prober \(Prober.revision), \(Encoder.version)".utf8))
    }
}
