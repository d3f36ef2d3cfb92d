import Foundation
import Transfer

/// A file on this machine's disk that goes when it is let go of.
final class TemporaryFile: Sendable {
    let path: String
    private let handle: FileHandle
    private static let queue = BlockingQueue("temporary files", width: 4)

    /// - Throws: ``APIError/unavailable`` where none can be made.
    init() throws(APIError) {
        path = "\(NSTemporaryDirectory())/cortina-\(UUID().uuidString)"
        let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
        guard FileManager.default.createFile(atPath: path, contents: nil, attributes: attributes),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw .unavailable }
        self.handle = handle
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes behind what was written.
    ///
    /// - Throws: ``APIError/unavailable`` where the disk is full.
    func write(_ bytes: [UInt8]) async throws(APIError) {
        do { try await Self.queue.run { [handle] _ in try handle.write(contentsOf: Data(bytes)) } } catch {
            throw .unavailable
        }
    }
}
