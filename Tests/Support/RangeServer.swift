import Foundation

/// A server of one file by ranges, of a test's own.
package final class RangeServer: Sendable {
    /// What the server has sent.
    package struct Counts: Decodable, Sendable {
        package var bytes: Int
        package var requests: Int
        package var connections: Int
    }

    /// The file's address.
    package let url: String

    private let process: Process
    /// Held open as long as the server is wanted.
    private let input = Pipe()
    private let port: String

    /// Starts one.
    ///
    /// - Parameter mode: how it behaves; see `range_server.py`.
    package init(_ file: String, mode: String = "plain") throws {
        process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", Checkout.file("Tests/range_server.py"), file, mode]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = input
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = line.trimmingCharacters(in: .whitespacesAndNewlines)
        url = "http://127.0.0.1:\(port)/clip.mp4?signature=secret"
    }

    deinit { kill(process.processIdentifier, SIGKILL) }

    /// What it has sent so far.
    package func counts() throws -> Counts {
        let answer = try Tool.run("/usr/bin/env", ["curl", "-s", "http://127.0.0.1:\(port)/count"])
        return try JSONDecoder().decode(Counts.self, from: Data(answer.output.utf8))
    }
}
