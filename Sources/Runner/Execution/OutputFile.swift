import Glibc
import LibAV

/// The place of an output: a path, at which the file appears only when it is whole, or a file that the caller has opened.
package struct OutputFile: Sendable {
    private enum Place {
        /// Written beside its name, then renamed.
        case path(partial: String)
        /// Written where it is; the caller keeps it or removes it.
        case descriptor(Int32)
    }

    /// The name of the output, for errors.
    let path: String
    private let place: Place

    /// Creates an output in a file that is open for reading and writing.
    ///
    /// - Parameters:
    ///   - descriptor: the file; it stays the caller's.
    ///   - name: the name of the output, for errors.
    init(descriptor: Int32, name: String) {
        path = name
        place = .descriptor(descriptor)
    }

    /// Checks that a file can be written there.
    ///
    /// - Throws: ``RunError/cannotWrite(_:reason:)``, or ``RunError/outputIsInput(_:)``.
    package init(path: String, input: String) throws(RunError) {
        let (folder, name) = Self.split(path)
        guard !name.isEmpty, Self.kind(of: path) != S_IFDIR else {
            throw .cannotWrite(path, reason: "it is a folder")
        }
        guard Self.kind(of: folder) == S_IFDIR else {
            throw .cannotWrite(path, reason: "there is no folder '\(folder)'")
        }
        guard access(folder, W_OK) == 0 else {
            throw .cannotWrite(path, reason: "the folder '\(folder)' may not be written to")
        }
        if let target = Self.identity(of: path), target == Self.identity(of: input) { throw .outputIsInput(path) }
        self.path = path
        place = .path(partial: "\(folder)/.\(name).\(getpid()).\(UInt32.random(in: 0 ... .max)).partial")
    }

    /// Opens the empty file, for reading and writing.
    ///
    /// - Returns: a descriptor that the caller closes.
    /// - Throws: ``RunError/cannotWrite(_:reason:)``.
    package func open() throws(RunError) -> Int32 {
        let descriptor =
            switch place {
            case .path(let partial): Glibc.open(partial, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
            case .descriptor(let descriptor): fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
            }
        guard descriptor >= 0 else { throw failure() }
        guard ftruncate(descriptor, 0) == 0 else {
            defer { close(descriptor) }
            throw failure()
        }
        return descriptor
    }

    /// Syncs the file and gives it its name, which replaces a file of that name.
    ///
    /// - Returns: its size in bytes.
    /// - Throws: ``RunError/cannotWrite(_:reason:)``.
    package func commit() throws(RunError) -> Int64 {
        switch place {
        case .descriptor(let descriptor):
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw failure() }
            return Int64(status.st_size)
        case .path(let partial):
            let descriptor = Glibc.open(partial, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw failure() }
            defer { close(descriptor) }
            var status = stat()
            guard fstat(descriptor, &status) == 0, fsync(descriptor) == 0, rename(partial, path) == 0 else {
                throw failure()
            }
            return Int64(status.st_size)
        }
    }

    /// Removes what was written.
    package func discard() {
        switch place {
        case .path(let partial): unlink(partial)
        case .descriptor(let descriptor): ftruncate(descriptor, 0)
        }
    }

    private func failure() -> RunError { .cannotWrite(path, reason: "\(AVError.text(errno: errno))") }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        return (folder, String(path[path.index(after: slash)...]))
    }

    private static func kind(of path: String) -> mode_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    private static func identity(of path: String) -> [UInt64]? {
        var status = stat()
        return stat(path, &status) == 0 ? [UInt64(status.st_dev), UInt64(status.st_ino)] : nil
    }
}
