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

    @Test("of one address the latest request is received, and an earlier one ends and leaves nothing")
    func superseded() async throws {
        let harness = try StoreHarness(.local)
        let store = try LocalObjectStore(
            folder: harness.scratch.path("store"), base: "https://host/store/", key: SymmetricKey(size: .bits256))
        let grant = LocalObjectStore.Grant(key: Self.key, writing: .init(bytes: 4))
        let unfinished = harness.scratch.path("store/unfinished")
        func files() throws -> [Int] {
            try FileManager.default.contentsOfDirectory(atPath: unfinished).map { name in
                try FileManager.default.attributesOfItem(atPath: "\(unfinished)/\(name)")[.size] as? Int ?? 0
            }
        }
        let (stalled, sender) = AsyncThrowingStream.makeStream(of: [UInt8].self)
        let earlier = Task { try await store.receive(grant, stalled) }
        sender.yield([1, 2, 3])
        while try files() != [3] { try await Task.sleep(for: .milliseconds(5)) }
        let (whole, content) = AsyncThrowingStream.makeStream(of: [UInt8].self)
        content.yield([5, 6, 7, 8])
        content.finish()
        try await store.receive(grant, whole)
        // Its room is free before it goes on.
        #expect(try files().isEmpty)
        sender.yield([4])
        await #expect(throws: StoreError.cancelled) { try await earlier.value }
        #expect(try await store.read(Self.key, 0..<4) == [5, 6, 7, 8])
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
