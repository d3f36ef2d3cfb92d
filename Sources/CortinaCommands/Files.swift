import FoundationEssentials

/// Writes the program's own files: whole, or not at all.
enum Files {
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
