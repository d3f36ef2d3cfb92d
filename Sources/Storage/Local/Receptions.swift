import Synchronization

/// Files that are being received, by the path that they will have: one at a time for each, the latest. Many at once would fill the disk.
final class Receptions: Sendable {
    private let files = Mutex<[String: StoredFile]>([:])

    /// Begins to receive a file; an earlier one for the same path is discarded.
    func begin(_ file: StoredFile, for path: String) {
        files.withLock { $0.updateValue(file, forKey: path) }?.discard()
    }

    /// Ends a reception.
    func end(_ file: StoredFile, for path: String) { files.withLock { if $0[path] === file { $0[path] = nil } } }

    /// Discards what is being received for a path.
    func discard(_ path: String) { files.withLock { $0[path] }?.discard() }
}
