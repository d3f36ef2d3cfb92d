import Foundation
import TestSupport
import Testing

/// A platform that runs as it does for people: `cortina-api serve --embedded`, with a worker beside it.
final class Server: Sendable {
    let client: Client
    let data: String
    private let process: Process

    private init(_ client: Client, _ data: String, _ process: Process) {
        self.client = client
        self.data = data
        self.process = process
    }

    /// Small clips are taken, and a worker that is not heard of is not waited for.
    static let small = [
        "UPLOAD_LEAST_SECONDS": "1", "UPLOAD_MOST_SECONDS": "60", "UPLOAD_SIDE": "90", "RANKING_AGE": "1",
        "WORKER_LEASE": "3",
    ]

    /// Starts one, and waits until it answers. Its log is `data.log`.
    ///
    /// - Parameter openFiles: how many files it may have open; nil for as many as we.
    static func start(
        data: String, environment: [String: String] = [:], openFiles: Int? = nil
    ) async throws -> Server {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/prlimit")
        process.arguments =
            (openFiles.map { ["--nofile=\($0):\($0)"] } ?? ["--core=0"]) + [
                Checkout.program("cortina-api"), "serve", "--embedded", "--data", data, "--port", "0",
            ]
        process.currentDirectoryURL = Checkout.root
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        _ = FileManager.default.createFile(atPath: "\(data).log", contents: nil)
        process.standardError = try FileHandle(forWritingTo: URL(filePath: "\(data).log"))
        try process.run()
        let line = await onThread { output.fileHandleForReading.availableData }
        let url = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .newlines)
        let server = Server(Client(url), data, process)
        do {
            try #require(url.hasPrefix("http://127.0.0.1:"))
        } catch {
            server.end()
            throw error
        }
        return server
    }

    /// Ends it at once, as a machine does that fails.
    func kill() { Glibc.kill(process.processIdentifier, SIGKILL) }

    /// Leaves nothing of it running.
    func end() {
        kill()
        if let postmaster = try? postmaster() { Glibc.kill(postmaster, SIGKILL) }
    }

    /// Interrupts it as Ctrl-C does; gives back how it ended.
    func interrupt() async -> Int32 {
        process.interrupt()
        await Self.onThread { [process] in process.waitUntilExit() }
        return process.terminationStatus
    }

    /// The worker's process.
    func worker() async throws -> pid_t {
        while true {
            let found = try Tool.run("pgrep", ["-f", "cortina-worker poll --data \(data) "]).output
            if let process = found.split(separator: "\n").first.flatMap({ pid_t($0) }) { return process }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// PostgreSQL's first process.
    func postmaster() throws -> pid_t {
        let text = try String(contentsOfFile: "\(data)/postgres/data/postmaster.pid", encoding: .utf8)
        return try #require(text.split(separator: "\n").first.flatMap { pid_t($0) })
    }

    private static func onThread<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: work()) }
        }
    }
}
