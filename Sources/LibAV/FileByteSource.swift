import Glibc

/// A file as a source of bytes.
public final class FileByteSource: ByteSource {
    /// The path as it was given.
    public let path: String
    public let size: Int64?

    /// The open file.
    package let descriptor: Int32

    /// Opens a file for reading.
    ///
    /// - Throws: ``ByteSourceError/notFound(_:)`` for a path that names no regular file.
    public init(path: String) throws(ByteSourceError) {
        // Non-blocking, so that a pipe without a writer does not hold the call; regular files do not notice.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let code = errno
            throw [ENOENT, ENOTDIR].contains(code) ? .notFound(path) : .system(path, errno: code)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .notFound(path)
        }
        self.path = path
        self.descriptor = descriptor
        size = Int64(status.st_size)
    }

    /// Takes over an open file, which it closes.
    ///
    /// - Parameter name: the file's name, for errors.
    /// - Throws: ``ByteSourceError/system(_:errno:)``.
    public init(descriptor: Int32, name: String) throws(ByteSourceError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw .system(name, errno: code)
        }
        path = name
        self.descriptor = descriptor
        size = Int64(status.st_size)
    }

    deinit { close(descriptor) }

    /// Notes in the file's times that it was used now.
    public func touch() { futimens(descriptor, nil) }

    public func read(
        at offset: Int64, into span: inout MutableRawSpan, cancellation: CancellationFlag = CancellationFlag()
    ) throws(ByteSourceError) -> Int {
        while true {
            let count = span.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
            if count >= 0 { return count }
            guard errno == EINTR else { throw .system(path, errno: errno) }
        }
    }
}
