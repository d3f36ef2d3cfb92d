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
        own.withLock { own in
            guard let held = own else { return }
            try? FileManager.default.removeItem(atPath: held.folder)
            unlink(Self.lock(of: held.folder))
            close(held.lock)
            own = nil
        }
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
        let result: Result<String, RunError> = own.withLock { own in
            if let own { return .success(own.folder) }
            do throws(RunError) {
                _ = try Self.make(parent)
                while true {
                    let folder = "\(parent)/\(UUID().uuidString)"
                    let lock = open(Self.lock(of: folder), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
                    guard lock >= 0, flock(lock, LOCK_EX) == 0 else {
                        throw .cannotWrite(folder, reason: "the folder cannot be locked")
                    }
                    // Another process may have taken it for one that was left behind, before it was locked.
                    guard FileManager.default.fileExists(atPath: Self.lock(of: folder)) else {
                        close(lock)
                        continue
                    }
                    own = Own(lock: lock, folder: folder)
                    return .success(folder)
                }
            } catch { return .failure(error) }
        }
        return try result.get()
    }

    private static func make(_ folder: String) throws(RunError) -> String {
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw .cannotWrite(folder, reason: "the folder cannot be made")
        }
        return folder
    }
}

/// A folder of one job, which nothing is left of.
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
