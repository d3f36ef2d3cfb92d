import Foundation
import Transfer

/// A file without a name on this machine's disk: nothing is left of it, however the process ends.
final class TemporaryFile: Sendable {
    private let handle: FileHandle
    private static let queue = BlockingQueue("temporary files", width: 4)

    /// Path through `/proc/self/fd`, valid in this process only.
    var path: String { "/proc/self/fd/\(handle.fileDescriptor)" }

    /// - Throws: ``APIError/unavailable`` where none can be made.
    init() throws(APIError) {
        let path = "\(NSTemporaryDirectory())/cortina-\(UUID().uuidString)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unavailable }
        unlink(path)
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// Writes behind what was written.
    ///
    /// - Throws: ``APIError/unavailable`` where the disk is full.
    func write(_ bytes: [UInt8]) async throws(APIError) {
        do { try await Self.queue.run { [handle] _ in try handle.write(contentsOf: Data(bytes)) } } catch {
            throw .unavailable
        }
    }
}
