import Dispatch
package import Foundation
import Glibc

/// A program run to its end.
package struct Tool: Sendable {
    /// How it ended.
    package let status: Int32
    /// What it wrote to standard output.
    package let output: String
    /// What it wrote to standard error.
    package let errors: String

    /// Runs a program found by its name, and waits for it.
    ///
    /// - Parameter afterStart: gets the running process, to send it a signal.
    package static func run(
        _ program: String, _ arguments: [String], in folder: URL? = nil, environment: [String: String] = [:],
        afterStart: (Process) throws -> Void = { _ in }
    ) throws -> Tool {
        let scratch = try Scratch()
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        process.standardInput = FileHandle.nullDevice
        for name in ["out", "err"] { try Data().write(to: scratch.folder.appending(path: name)) }
        process.standardOutput = try FileHandle(forWritingTo: scratch.folder.appending(path: "out"))
        process.standardError = try FileHandle(forWritingTo: scratch.folder.appending(path: "err"))
        try process.run()
        // No tool that a test starts may outlast it.
        let watchdog = DispatchWorkItem { [pid = process.processIdentifier] in kill(pid, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + 1800, execute: watchdog)
        defer { watchdog.cancel() }
        try afterStart(process)
        process.waitUntilExit()
        func text(_ name: String) throws -> String {
            String(decoding: try Data(contentsOf: scratch.folder.appending(path: name)), as: UTF8.self)
        }
        return Tool(status: process.terminationStatus, output: try text("out"), errors: try text("err"))
    }

    /// The same, on a thread of its own: it may take long, and other tests need those that there are.
    package static func runAside(_ program: String, _ arguments: [String]) async throws -> Tool {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try run(program, arguments) }) }
        }
    }
}
