import FoundationEssentials
import Glibc
import Runner
import Synchronization

/// The folders of this process's jobs, in one that all workers of a machine share: `PARENT/NAME/JOB`.
///
/// The process holds a lock on `PARENT/NAME.lock` (flock(2)), which the kernel releases however the process ends. A folder whose lock is
/// free was left behind.
final class ScratchSpace: Sendable {
    private struct Own {
        var lock: Int32
        var folder: String
    }

    private let parent: String
    private let own = Mutex<Own?>(nil)

    /// - Parameter parent: the folder that all workers of this machine share.
    init(in parent: String) { self.parent = parent }

    deinit { clearOwn() }

    /// Makes a folder for a job.
    ///
    /// - Throws: ``RunError/cannotWrite(_:reason:)``.
    func makeFolder() throws(RunError) -> ScratchFolder {
        ScratchFolder(path: try Self.make("\(try ownFolder())/\(UUID().uuidString)"))
    }

    /// Removes all that this process has there, where it does no job.
    func clearOwn() {
        let held = own.withLock { own in
            defer { own = nil }
            return own
        }
        if let held { Self.remove(held) }
    }

    private static func remove(_ own: Own) {
        try? FileManager.default.removeItem(atPath: own.folder)
        unlink(lock(of: own.folder))
        close(own.lock)
    }

    /// Removes what processes left behind that were killed.
    func clearAbandoned() {
        let manager = FileManager.default
        for name in (try? manager.contentsOfDirectory(atPath: parent)) ?? [] where name.hasSuffix(".lock") {
            let lock = "\(parent)/\(name)"
            let descriptor = open(lock, O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { continue }
            try? manager.removeItem(atPath: String(lock.dropLast(".lock".count)))
            unlink(lock)
        }
    }

    private static func lock(of folder: String) -> String { "\(folder).lock" }

    private func ownFolder() throws(RunError) -> String {
        if let folder = own.withLock({ $0?.folder }) { return folder }
        let new = try makeOwn()
        let (folder, surplus) = own.withLock { own -> (String, Own?) in
            if let own { return (own.folder, new) }
            own = new
            return (new.folder, nil)
        }
        // Another job of this process was first.
        if let surplus { Self.remove(surplus) }
        return folder
    }

    private func makeOwn() throws(RunError) -> Own {
        _ = try Self.make(parent)
        for _ in 0..<10 {
            let folder = "\(parent)/\(UUID().uuidString)"
            let lock = open(Self.lock(of: folder), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard lock >= 0 else { throw .cannotWrite(folder, reason: "the folder cannot be locked") }
            // Another process may take the file for one that was left behind, and lock or remove it.
            if flock(lock, LOCK_EX | LOCK_NB) == 0, FileManager.default.fileExists(atPath: Self.lock(of: folder)) {
                return Own(lock: lock, folder: folder)
            }
            close(lock)
        }
        throw .cannotWrite(parent, reason: "no folder in it can be locked")
    }

    private static func make(_ folder: String) throws(RunError) -> String {
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw .cannotWrite(folder, reason: "the folder cannot be made")
        }
        return folder
    }
}

/// Temporary folder of one job.
struct ScratchFolder: Sendable {
    fileprivate let folder: String

    fileprivate init(path: String) { folder = path }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// How much lies there, in bytes.
    var bytes: Int64 {
        let manager = FileManager.default
        return ((try? manager.contentsOfDirectory(atPath: folder)) ?? []).reduce(0) { sum, name in
            sum + (((try? manager.attributesOfItem(atPath: path(name)))?[.size] as? Int64) ?? 0)
        }
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }
}
