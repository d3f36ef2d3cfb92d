import Crypto
import Foundation
import LibAV
import PlatformSupport
import TestSupport
import Transfer

@testable import Storage

/// A store, and somebody who has nothing but the requests that it has signed.
final class StoreHarness: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case local, s3
    }

    let store: any ObjectStore
    let scratch: Scratch
    /// What stands in for AWS; nil for the local store.
    let server: AWSServer?

    static let credentials = StaticCredentials(
        AWSCredentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "secret", sessionToken: nil))

    init(_ kind: Kind) throws {
        scratch = try Scratch()
        switch kind {
        case .local:
            server = nil
            store = try LocalObjectStore(
                folder: scratch.path("store"), base: "https://host/store/", key: SymmetricKey(size: .bits256))
        case .s3:
            let server = try AWSServer()
            self.server = server
            var settings = S3Settings(bucket: "videos", region: "eu-central-1", endpoint: server.endpoint)
            _ = try AWSClient(region: "eu-central-1", service: "s3", credentials: Self.credentials).send(
                AWSRequest("PUT", scheme: "http", host: String(server.endpoint.dropFirst(7)), path: "/videos"),
                .bytes(
                    Array(
                        """
                        <CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint>\
                        </CreateBucketConfiguration>
                        """.utf8)), cancellation: CancellationFlag())
            _ = try server.asked()
            settings.encryption = "AES256"
            store = S3ObjectStore(settings, credentials: Self.credentials)
        }
    }

    /// Writes a file to be put into the store.
    func file(_ bytes: some Sequence<UInt8>) throws -> String {
        let path = scratch.path("file-\(UUID().uuidString)")
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }

    /// Sends a signed request as a browser does; returns the status and the content.
    func send(_ request: SignedRequest, _ body: [UInt8] = [], at date: Date = Date()) async throws -> (Int, [UInt8]) {
        if let store = store as? LocalObjectStore { return try await serve(request, body, store, date) }
        let data = try file(body)
        let result = try Tool.run(
            "curl",
            ["-s", "-X", request.method, "-o", scratch.path("answer"), "-w", "%{http_code}"]
                + (request.headers["Content-Type"] == nil ? ["-H", "Content-Type:"] : [])
                + request.headers.filter { $0.key != "Content-Length" }.flatMap { ["-H", "\($0.key): \($0.value)"] }
                + (request.method == "GET" ? [] : ["--data-binary", "@\(data)"]) + [request.url])
        return (Int(result.output) ?? 0, Array(try Data(contentsOf: URL(filePath: scratch.path("answer")))))
    }

    /// What the API does with requests for the local store.
    private func serve(
        _ request: SignedRequest, _ body: [UInt8], _ store: LocalObjectStore, _ date: Date
    ) async throws -> (Int, [UInt8]) {
        let parts = request.url.dropFirst("https://host/store/".count).split(separator: "?", maxSplits: 1)
        guard parts.count == 2, let key = ObjectKey(String(parts[0])),
            let grant = store.grant(for: request.method, key, String(parts[1]), at: date)
        else { return (403, []) }
        if grant.writing == nil { return (200, try await store.read(grant.key, 0..<(1 << 30))) }
        let pieces = stride(from: 0, to: body.count, by: 1000).map { Array(body[$0..<min(body.count, $0 + 1000)]) }
        let chunks = AsyncThrowingStream<[UInt8], any Error> { continuation in
            for piece in pieces { continuation.yield(piece) }
            continuation.finish()
        }
        do { try await store.receive(grant, chunks) } catch StoreError.refused {
            return (400, [])
        } catch StoreError.sealed {
            return (412, [])
        } catch StoreError.cancelled {
            return (503, [])
        }
        return (200, [])
    }
}
