package import Foundation

/// A folder of a test's own that goes when the test ends.
package final class Scratch: Sendable {
    /// Where it lies.
    package let folder: URL

    package init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "cortina-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// The path of a file in the folder.
    package func path(_ name: String) -> String { folder.appending(path: name).path }

    /// The names of all files in the folder, hidden ones too.
    package func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }
}
