import FoundationEssentials
import Glibc

/// Writes the program's own files: whole, or not at all.
enum Files {
    /// Refuses a path that would be written over a file that is read or made beside it.
    ///
    /// - Parameter others: paths of those files; one that is not there yet is told by its name.
    /// - Throws: ``Failure``.
    static func check(_ path: String, against others: [String]) throws {
        for other in others where isSame(path, other) {
            throw Failure(.usage, "'\(path)' would be written over '\(other)'; give another path")
        }
        let folder = URL(filePath: path).deletingLastPathComponent().path
        guard access(folder, W_OK) == 0 else {
            throw Failure(
                .cannotWrite, "'\(path)' cannot be written; check that its folder is there and may be written to")
        }
    }

    private static func isSame(_ a: String, _ b: String) -> Bool {
        var (first, second) = (stat(), stat())
        if stat(a, &first) == 0, stat(b, &second) == 0 {
            return first.st_dev == second.st_dev && first.st_ino == second.st_ino
        }
        return URL(filePath: a).standardizedFileURL.path == URL(filePath: b).standardizedFileURL.path
    }

    /// Writes text into a file.
    ///
    /// - Throws: ``Failure``.
    static func write(_ text: String, to path: String) throws { try write(Data(text.utf8), to: path) }

    /// Writes bytes into a file.
    ///
    /// - Throws: ``Failure``.
    static func write(_ data: Data, to path: String) throws {
        do { try data.write(to: URL(filePath: path), options: .atomic) } catch {
            throw Failure(
                .cannotWrite, "'\(path)' cannot be written; check that its folder is there and may be written to")
        }
    }
}
