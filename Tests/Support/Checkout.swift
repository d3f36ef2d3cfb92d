package import Foundation
package import Runner

/// Where the project's own files lie.
package enum Checkout {
    /// The root of the checkout.
    package static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The assets folder.
    package static let assets = AssetFolder(path: root.appending(path: "assets").path)

    /// A file of the checkout.
    package static func file(_ path: String) -> String { root.appending(path: path).path }

    /// A clip of `Tests/Fixtures`.
    package static func fixture(_ name: String) -> String { file("Tests/Fixtures/\(name)") }

    /// A program, built beside the tests.
    package static func program(_ name: String) -> String {
        let tests = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let beside = [tests, tests.deletingLastPathComponent()].map { $0.appending(path: name).path }
        return beside.first { FileManager.default.isExecutableFile(atPath: $0) } ?? file(".build/debug/\(name)")
    }

    /// A clip of the shared corpus, where the corpus is beside the checkout.
    package static func corpus(_ name: String) -> String? {
        let path = root.deletingLastPathComponent().appending(path: "shared/corpus/\(name)").path
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }
}
