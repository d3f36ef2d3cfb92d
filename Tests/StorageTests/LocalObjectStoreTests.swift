import Crypto
import Foundation
import Testing
import TestSupport

@testable import Storage

struct LocalObjectStoreTests {
    private static let key = ObjectKey.random(in: .uploaded, .mp4)

    @Test("a request that was changed, has expired or is somebody else's may nothing")
    func signatures() async throws {
        let harness = try StoreHarness(.local)
        let now = Date(timeIntervalSince1970: 1_000_000)
        let put = try await harness.store.upload(Self.key, bytes: 4, for: 60, at: now)
        func status(_ method: String = "PUT", _ change: (String) -> String = { $0 }, at date: Date = now) async throws
            -> Int
        {
            var request = put
            request.method = method
            request.url = change(put.url)
            return try await harness.send(request, [1, 2, 3, 4], at: date).0
        }
        #expect(try await status("GET") == 403)
        #expect(try await status("DELETE") == 403)
        #expect(try await status { $0.replacing("bytes=4", with: "bytes=5") } == 403)
        #expect(try await status { $0.replacing("expires=", with: "expires=9") } == 403)
        #expect(try await status { $0.replacing(".mp4", with: ".jpg") } == 403)
        #expect(try await status { String($0.dropLast(2)) } == 403)
        #expect(try await status { String($0.prefix { $0 != "&" }) } == 403)
        #expect(try await status(at: now + 61) == 403)
        #expect(try await harness.store.info(Self.key) == nil)
        #expect(try await status(at: now + 59) == 200)
        let other = try LocalObjectStore(
            folder: harness.scratch.path("other"), base: "https://host/store/", key: SymmetricKey(size: .bits256))
        let query = String(put.url.split(separator: "?", maxSplits: 1)[1])
        #expect(other.grant(for: "PUT", Self.key, query, at: now) == nil)
    }

    @Test("more or less than was signed is refused, and nothing of it stays")
    func lengths() async throws {
        let harness = try StoreHarness(.local)
        let put = try await harness.store.upload(Self.key, bytes: 4, for: 3600, at: Date())
        for body in [[1, 2, 3], [1, 2, 3, 4, 5], []] as [[UInt8]] {
            #expect(try await harness.send(put, body).0 == 400)
        }
        #expect(try await harness.store.info(Self.key) == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: harness.scratch.path("store/unfinished")).isEmpty)
    }
}
