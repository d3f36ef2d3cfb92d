/// Where the bytes of an input come from: a file, an address, a store.
///
/// libav reaches its input through this only, from one thread at a time.
public protocol ByteSource: Sendable {
    /// How many bytes there are, where that is known.
    var size: Int64? { get }

    /// Whether each reading takes a journey: what can be left unread is.
    var isDistant: Bool { get }

    /// Reads bytes from `offset` on.
    ///
    /// - Parameter cancellation: ends a wait; sources that do not wait need not look.
    /// - Returns: how many were read, at most the span's length; 0 at the end.
    /// - Throws: ``ByteSourceError``.
    func read(
        at offset: Int64, into span: inout MutableRawSpan, cancellation: CancellationFlag
    ) throws(ByteSourceError) -> Int
}

/// Why bytes cannot be read.
public enum ByteSourceError: Error, Hashable, Codable, Sendable {
    /// There is no such input, or it is not a file.
    case notFound(String)
    /// It is there, and the system refused; `errno` as it came.
    case system(String, errno: Int32)
    /// It is elsewhere, and could not be transferred.
    case transfer(String, reason: String)
}

extension ByteSource {
    public var isDistant: Bool { false }

    /// Reads bytes into a part of a span.
    func read(
        at offset: Int64, into span: inout MutableRawSpan, _ part: Range<Int>, cancellation: CancellationFlag
    ) throws(ByteSourceError) -> Int {
        try span.withUnsafeMutableBytes { bytes throws(ByteSourceError) in
            var part = MutableRawSpan(_unsafeBytes: UnsafeMutableRawBufferPointer(rebasing: bytes[part]))
            return try read(at: offset, into: &part, cancellation: cancellation)
        }
    }
}
