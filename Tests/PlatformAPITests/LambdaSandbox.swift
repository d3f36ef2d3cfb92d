import Foundation
import TestSupport
import Testing

@testable import cortina_api

/// A sandbox of Lambda's with our worker in it, as AWS' own Runtime Interface Emulator makes one.
final class LambdaSandbox: Sendable {
    private let process: Process
    private let url: String
    private let client = Client("")

    /// - Parameters:
    ///   - data: where the worker's own files lie.
    ///   - timeout: how long an invocation may take, in seconds.
    init(data: String, timeout: Int = 300, environment: [String: String]) async throws {
        let port = try await FreePort.find()
        let runtimePort = try await FreePort.find()
        url = "http://127.0.0.1:\(port)/2015-03-31/functions/function/invocations"
        process = Process()
        process.executableURL = URL(filePath: Checkout.file(".build/rie/aws-lambda-rie"))
        process.arguments = [
            "--runtime-interface-emulator-address", "127.0.0.1:\(port)",
            "--runtime-api-address", "127.0.0.1:\(runtimePort)",
            Checkout.program("cortina-worker"), "lambda", "--data", data,
            "--pipelines", Checkout.file("pipelines/published"), "--assets", Checkout.file("assets"),
        ]
        process.environment = ProcessInfo.processInfo.environment
            .merging(["AWS_LAMBDA_FUNCTION_TIMEOUT": "\(timeout)"]) { $1 }.merging(environment) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    deinit {
        // The worker is a child of the emulator's, in a group of its own.
        _ = try? Tool.run("pkill", ["-KILL", "-P", "\(process.processIdentifier)"])
        kill(process.processIdentifier, SIGKILL)
    }

    /// How much memory the worker holds, in bytes.
    func memory() throws -> Int {
        let worker = try Tool.run("pgrep", ["-P", "\(process.processIdentifier)"]).output.split(separator: "\n").first
        let status = try String(contentsOfFile: "/proc/\(worker ?? "")/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) << 10
    }

    /// Hands an event to the function; gives back what it answers.
    func invoke(_ event: [String: Any]) async throws -> [String: Any] {
        let body = Array(try JSONSerialization.data(withJSONObject: event))
        while true {
            // Until the emulator listens.
            guard let answer = try? await client.exchange("POST", url, body: body) else {
                try #require(process.isRunning)
                try await Task.sleep(for: .milliseconds(50))
                continue
            }
            return try #require(try JSONSerialization.jsonObject(with: Data(answer.bytes)) as? [String: Any])
        }
    }
}
