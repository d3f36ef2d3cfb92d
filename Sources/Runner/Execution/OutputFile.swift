import Glibc
import LibAV

/// A file that appears under its name only when it is whole: written beside it, then renamed.
struct OutputFile: Sendable {
    /// The name it gets in the end.
    let path: String
    /// Where it is written.
    let partial: String

    /// Checks that a file can be written there.
    ///
    /// - Throws: ``RunError/cannotWrite(_:reason:)``, or ``RunError/outputIsInput(_:)``.
    init(path: String, input: String) throws(RunError) {
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
        partial = "\(folder)/.\(name).\(getpid()).\(UInt32.random(in: 0 ... .max)).partial"
    }

    /// Gives the file its name, replacing what had it, once its bytes are safe.
    ///
    /// - Returns: its size in bytes.
    /// - Throws: ``RunError/cannotWrite(_:reason:)``.
    func commit() throws(RunError) -> Int64 {
        let descriptor = open(partial, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, fsync(descriptor) == 0, rename(partial, path) == 0 else {
            throw failure()
        }
        return Int64(status.st_size)
    }

    /// Removes what was written.
    func discard() { unlink(partial) }

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
