import FoundationEssentials
import Glibc
import Synchronization

/// An open file of the local store. One that is written goes when it is let go of, unless it was committed.
///
/// Sendable because it never changes but for the system's file behind its descriptor, which one task at a time writes.
final class StoredFile: Sendable {
    private let descriptor: Int32
    private let path: String
    private let isNew: Bool
    private let stage = Mutex(Stage.written)

    private enum Stage {
        case written, committed, discarded
    }

    private init(_ descriptor: Int32, _ path: String, isNew: Bool) {
        self.descriptor = descriptor
        self.path = path
        self.isNew = isNew
    }

    deinit {
        close(descriptor)
        // What was committed is elsewhere.
        if isNew { unlink(path) }
    }

    static func reading(_ path: String) throws(StoreError) -> StoredFile {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path, reason: String(cString: strerror(errno))) }
        return StoredFile(descriptor, path, isNew: false)
    }

    static func writing(_ path: String) throws(StoreError) -> StoredFile {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure() }
        return StoredFile(descriptor, path, isNew: true)
    }

    /// Bytes from an offset on; fewer where the file ends before.
    func read(at offset: Int64, count: Int) throws(StoreError) -> [UInt8] {
        var failure: StoreError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let result = pread(
                    descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset) + filled)
                if result < 0, errno == EINTR { continue }
                if result < 0 { failure = .unreadable(path, reason: String(cString: strerror(errno))) }
                if result <= 0 { break }
                filled += result
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Gives up a file that is being written: its room is free at once, and whoever writes it gets ``StoreError/cancelled``. One that is
    /// committed stays.
    func discard() {
        let isDiscarded = stage.withLock { stage in
            if stage == .written { stage = .discarded }
            return stage == .discarded
        }
        guard isDiscarded else { return }
        ftruncate(descriptor, 0)
        unlink(path)
    }

    /// Writes behind what was written.
    func write(_ bytes: [UInt8]) throws(StoreError) {
        guard stage.withLock({ $0 == .written }) else { throw .cancelled }
        var written = 0
        while written < bytes.count {
            let result = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
            }
            if result < 0, errno == EINTR { continue }
            guard result >= 0 else { throw Self.failure() }
            written += result
        }
    }

    /// Gives what was written its name, for good: it is on the disk when this returns.
    ///
    /// - Parameter replaces: false where a file of that name stays as it is.
    /// - Returns: whether it has the name now.
    @discardableResult
    func commit(to place: String, replacing replaces: Bool = true) throws(StoreError) -> Bool {
        let folder = String(place[..<(place.lastIndex(of: "/") ?? place.startIndex)])
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw .unavailable(reason: "the folder '\(folder)' cannot be made")
        }
        let isOurs = stage.withLock { stage in
            if stage == .written { stage = .committed }
            return stage == .committed
        }
        guard isOurs else { throw .cancelled }
        guard fsync(descriptor) == 0 else { throw Self.failure() }
        if replaces {
            guard rename(path, place) == 0 else { throw Self.failure() }
        } else if link(path, place) != 0 {
            guard errno == EEXIST else { throw Self.failure() }
            return false
        }
        let parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw Self.failure() }
        defer { close(parent) }
        guard fsync(parent) == 0 else { throw Self.failure() }
        return true
    }

    static func info(_ path: String, _ key: ObjectKey) throws(StoreError) -> ObjectInfo? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT || errno == ENOTDIR else { throw failure() }
            return nil
        }
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        let seconds = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
        return ObjectInfo(
            key: key, bytes: Int64(status.st_size), date: Date(timeIntervalSince1970: seconds), tag: tag(of: status))
    }

    /// What a file has that no other content has: its number, its size, and when it was written.
    private static func tag(of status: stat) -> String {
        let time = status.st_mtim
        return "\(status.st_ino)-\(status.st_size)-\(time.tv_sec).\(time.tv_nsec)"
    }

    /// Removes a file or a folder, where there is one.
    static func remove(_ path: String) throws(StoreError) {
        guard FileManager.default.fileExists(atPath: path) else { return }
        do { try FileManager.default.removeItem(atPath: path) } catch {
            throw .unavailable(reason: "'\(path)' cannot be removed")
        }
    }

    private static func failure() -> StoreError {
        errno == ENOSPC || errno == EDQUOT ? .full : .unavailable(reason: String(cString: strerror(errno)))
    }
}
