import Foundation
import PlatformSupport
import Testing
import TestSupport
import Transfer

@testable import Storage

struct S3ObjectStoreTests {
    private static let key = ObjectKey.random(in: .processed, .mp4)

    @Test(
        "what fails twice is done the third time, what goes on failing is unavailable, what is refused is not tried again"
    )
    func troubles() async throws {
        let harness = try StoreHarness(.s3)
        let server = try #require(harness.server)
        let file = try harness.file([1, 2, 3])
        try server.fail(2, method: "PUT")
        try await harness.store.put(file, as: Self.key)
        #expect(try server.asked().map(\.method) == ["PUT", "PUT", "PUT"])
        try server.fail(99, method: "GET")
        await #expect(throws: StoreError.unavailable(reason: "SlowDown")) {
            try await harness.store.read(Self.key, 0..<3)
        }
        #expect(try server.asked().count == 5)
        try server.fail(99, method: "GET", status: 403)
        await #expect(throws: StoreError.refused(reason: "SlowDown")) { try await harness.store.read(Self.key, 0..<3) }
        #expect(try server.asked().count == 1)
        try server.fail(0, method: "GET")
        #expect(try await harness.store.read(Self.key, 0..<3) == [1, 2, 3])
        let nobody = S3ObjectStore(
            .init(bucket: "b", region: "r", endpoint: "http://127.0.0.1:1"), credentials: StoreHarness.credentials)
        let error = await #expect(throws: StoreError.self) { try await nobody.info(Self.key) }
        #expect(error?.isTransient == true)
    }

    @Test("content is signed, typed and encrypted, and parts of an upload that failed are removed")
    func headers() async throws {
        let harness = try StoreHarness(.s3)
        let server = try #require(harness.server)
        try await harness.store.put(harness.file(Array("hello".utf8)), as: Self.key)
        let put = try #require(try server.asked().first)
        #expect(put.headers["content-type"] == "video/mp4" && put.headers["x-amz-server-side-encryption"] == "AES256")
        #expect(
            put.headers["x-amz-content-sha256"] == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
        #expect(put.headers["x-amz-checksum-sha256"] == "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")
        #expect(put.path == "/videos/\(Self.key)?" && put.headers["content-length"] == "5")
        let large = try harness.file([UInt8](repeating: 1, count: Int(PartedUpload.partBytes) + 1))
        try server.fail(1, method: "PUT", status: 400)
        await #expect(throws: StoreError.refused(reason: "SlowDown")) {
            try await harness.store.put(large, as: Self.key)
        }
        let asked = try server.asked()
        #expect(asked.map(\.method) == ["POST", "PUT", "DELETE"])
        #expect(asked[0].headers["x-amz-server-side-encryption"] == "AES256")
        #expect(asked[0].headers["x-amz-checksum-algorithm"] == "SHA256")
        #expect(asked[1].headers["x-amz-checksum-sha256"]?.count == 44)
        try await harness.store.put(large, as: Self.key)
        #expect(try await harness.store.info(Self.key)?.bytes == PartedUpload.partBytes + 1)
        try await harness.store.put(harness.file(Array("hello".utf8)), as: Self.key)
        #expect(try await harness.store.read(Self.key, 0..<9) == Array("hello".utf8))
    }

    @Test("cancelling ends a transfer")
    func cancellation() async throws {
        let harness = try StoreHarness(.s3)
        try #require(harness.server).fail(99, method: "HEAD")
        let task = Task { try await harness.store.info(Self.key) }
        task.cancel()
        await #expect(throws: StoreError.cancelled) { try await task.value }
    }

    @Test("AWS's buckets are hosts of their own, other servers' are parts of the path")
    func addresses() async throws {
        let date = Date(timeIntervalSince1970: 0)
        let aws = S3ObjectStore(.init(bucket: "b", region: "eu-west-1"), credentials: StoreHarness.credentials)
        let url = try await aws.download(Self.key, for: 60, at: date).url
        #expect(url.hasPrefix("https://b.s3.eu-west-1.amazonaws.com/\(Self.key)?X-Amz-Algorithm="))
        let own = S3ObjectStore(
            .init(bucket: "b", region: "r", endpoint: "http://minio:9000"), credentials: StoreHarness.credentials)
        #expect(try await own.download(Self.key, for: 60, at: date).url.hasPrefix("http://minio:9000/b/\(Self.key)?"))
    }
}
