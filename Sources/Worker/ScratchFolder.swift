import FoundationEssentials
import Runner

/// A folder of one job's, which nothing is left of: `PARENT/PROCESS/NAME`.
struct ScratchFolder: Sendable {
    private let folder: String

    /// - Parameter parent: the folder that all workers of this machine have.
    /// - Throws: ``RunError/cannotWrite(_:reason:)``.
    init(in parent: String) throws(RunError) {
        folder = "\(parent)/\(ProcessInfo.processInfo.processIdentifier)/\(UUID().uuidString)"
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw .cannotWrite(folder, reason: "the folder cannot be made")
        }
    }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// How much lies there, in bytes.
    var bytes: Int64 {
        let manager = FileManager.default
        return ((try? manager.contentsOfDirectory(atPath: folder)) ?? []).reduce(0) { sum, name in
            sum + (((try? manager.attributesOfItem(atPath: path(name)))?[.size] as? Int64) ?? 0)
        }
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    /// Removes all that this process has there, where it does no job.
    static func clearOwn(_ parent: String) {
        try? FileManager.default.removeItem(atPath: "\(parent)/\(ProcessInfo.processInfo.processIdentifier)")
    }

    /// Removes what workers left behind that were killed.
    static func clear(_ parent: String) {
        let manager = FileManager.default
        for name in (try? manager.contentsOfDirectory(atPath: parent)) ?? [] {
            guard let process = Int32(name), !manager.fileExists(atPath: "/proc/\(process)") else { continue }
            try? manager.removeItem(atPath: "\(parent)/\(name)")
        }
    }
}
