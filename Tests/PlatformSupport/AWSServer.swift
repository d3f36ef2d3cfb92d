import Foundation
import LibAV
import TestSupport
import Transfer

/// What stands in for AWS, of a test's own: `aws_server.py`.
package final class AWSServer: Sendable {
    /// What it was asked.
    package struct Asked: Decodable, Sendable {
        package var method: String
        package var path: String
        /// By name in lower case.
        package var headers: [String: String]
    }

    /// Where it is.
    package let endpoint: String

    private let process: Process
    /// Held open as long as the server is wanted.
    private let input = Pipe()

    package init() throws {
        process = Process()
        process.executableURL = URL(filePath: Checkout.file(".build/python/bin/python"))
        process.arguments = [Checkout.file("Tests/aws_server.py")]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = input
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        endpoint = "http://127.0.0.1:\(line.trimmingCharacters(in: .whitespacesAndNewlines))"
    }

    deinit { kill(process.processIdentifier, SIGKILL) }

    /// Makes a bucket.
    package func makeBucket(_ name: String) throws {
        _ = try AWSClient(region: "us-east-1", service: "s3", credentials: Self.credentials).send(
            AWSRequest("PUT", scheme: "http", host: host, path: "/\(name)"), cancellation: CancellationFlag())
    }

    /// Makes a queue; gives back its address.
    package func makeQueue(_ name: String, _ attributes: [String: String] = [:]) throws -> String {
        let request: [String: Any] = ["QueueName": name, "Attributes": attributes]
        let body = try JSONSerialization.data(withJSONObject: request)
        let headers = ["Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.CreateQueue"]
        _ = try AWSClient(region: "us-east-1", service: "sqs", credentials: Self.credentials).send(
            AWSRequest("POST", scheme: "http", host: host, headers: headers), .bytes(Array(body)),
            cancellation: CancellationFlag())
        return "\(endpoint)/123456789012/\(name)"
    }

    private static let credentials = StaticCredentials(AWSCredentials(accessKeyID: "key", secretAccessKey: "secret"))

    private var host: String { String(endpoint.dropFirst("http://".count)) }

    /// Has the next requests of a method fail, with a status.
    package func fail(_ count: Int, method: String, status: Int = 503) throws {
        _ = try Tool.run("curl", ["-s", "\(endpoint)/_fail?status=\(status)&count=\(count)&method=\(method)"])
    }

    /// Has all requests wait for an answer, or go on.
    package func stall(_ stalls: Bool) throws {
        _ = try Tool.run("curl", ["-s", "\(endpoint)/\(stalls ? "_stall" : "_go")"])
    }

    /// What it was asked since the last time.
    package func asked() throws -> [Asked] {
        let answer = try Tool.run("curl", ["-s", "\(endpoint)/_log"])
        return try JSONDecoder().decode([Asked].self, from: Data(answer.output.utf8))
    }
}
