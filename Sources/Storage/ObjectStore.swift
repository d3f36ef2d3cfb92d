public import FoundationEssentials
public import LibAV

/// Where files are kept that are neither the database's nor the worker's own.
///
/// What is written is there whole or not at all, and there when the call returns.
public protocol ObjectStore: Sendable {
    /// Writes a file's content, over what was there.
    ///
    /// - Throws: ``StoreError``.
    func put(_ file: String, as key: ObjectKey) async throws(StoreError)

    /// What is known of an object; nil where there is none.
    ///
    /// - Throws: ``StoreError``.
    func info(_ key: ObjectKey) async throws(StoreError) -> ObjectInfo?

    /// A part of an object; less where it ends before.
    ///
    /// - Throws: ``StoreError``.
    func read(_ key: ObjectKey, _ range: Range<Int64>) async throws(StoreError) -> [UInt8]

    /// Removes an object, where there is one.
    ///
    /// - Throws: ``StoreError``.
    func remove(_ key: ObjectKey) async throws(StoreError)

    /// Objects of a kind, sorted by their keys, a thousand at the most.
    ///
    /// - Parameter last: only those behind this one.
    /// - Throws: ``StoreError``.
    func list(_ folder: ObjectKey.Folder, after last: ObjectKey?) async throws(StoreError) -> [ObjectInfo]

    /// An object's bytes, read as they are needed.
    ///
    /// - Parameters:
    ///   - tag: the ``ObjectInfo/tag`` that the object must have; nil for any.
    ///   - date: now.
    /// - Throws: ``StoreError/changed(_:)`` where it has another tag; ``StoreError``.
    func source(
        _ key: ObjectKey, matching tag: String?, at date: Date
    ) async throws(StoreError) -> any ByteSource

    /// What somebody else sends to read an object.
    ///
    /// - Parameters:
    ///   - lifetime: in seconds.
    ///   - date: now.
    /// - Throws: ``StoreError``.
    func download(_ key: ObjectKey, for lifetime: Int, at date: Date) async throws(StoreError) -> SignedRequest

    /// What somebody else sends to write an object, of just this size and its key's type. It is good once: an object that is there is
    /// not replaced.
    ///
    /// - Parameters:
    ///   - lifetime: in seconds.
    ///   - date: now.
    /// - Throws: ``StoreError``.
    func upload(
        _ key: ObjectKey, bytes: Int64, for lifetime: Int, at date: Date
    ) async throws(StoreError) -> SignedRequest

    /// What somebody else sends to write a large object in parts, of which any may be sent again; it is there when
    /// ``finish(_:)`` was called.
    ///
    /// - Throws: ``StoreError``.
    func uploadInParts(
        _ key: ObjectKey, bytes: Int64, for lifetime: Int, at date: Date
    ) async throws(StoreError) -> PartedUpload

    /// Makes one object of the parts that were sent.
    ///
    /// - Throws: ``StoreError/refused(reason:)`` where some are missing; ``StoreError``.
    func finish(_ upload: PartedUpload.ID) async throws(StoreError)

    /// Forgets the parts that were sent.
    ///
    /// - Throws: ``StoreError``.
    func abandon(_ upload: PartedUpload.ID) async throws(StoreError)
}

/// What is known of an object.
public struct ObjectInfo: Hashable, Sendable {
    public var key: ObjectKey
    public var bytes: Int64
    /// When it was written.
    public var date: Date
    /// The content's tag, which changes with it; nil in lists.
    public var tag: String?
}

/// A request that whoever has it may send, until it expires.
public struct SignedRequest: Hashable, Sendable {
    public var method: String
    public var url: String
    /// Header fields that must be sent with it.
    public var headers: [String: String]
    public var expires: Date
}

/// A large object on its way.
public struct PartedUpload: Sendable {
    /// Which one it is.
    public struct ID: Hashable, Sendable {
        public var key: ObjectKey
        /// The store's name for it.
        public var name: String
        /// How large it will be.
        public var bytes: Int64

        public init(key: ObjectKey, name: String, bytes: Int64) {
            self.key = key
            self.name = name
            self.bytes = bytes
        }
    }

    public var id: ID
    /// What is sent for each part, from the first on; each has ``partBytes`` bytes, the last one what is left.
    public var parts: [SignedRequest]

    /// How large parts are: S3 has them of 5 MiB at the least, and 10,000 of them at the most.
    public static let partBytes: Int64 = 16 << 20

    /// The sizes of the parts of so many bytes.
    static func sizes(_ bytes: Int64) -> [Int64] {
        stride(from: 0, to: bytes, by: Int64.Stride(partBytes)).map { min(partBytes, bytes - $0) }
    }
}
