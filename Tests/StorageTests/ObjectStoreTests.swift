import Foundation
import LibAV
import TestSupport
import Testing

@testable import Storage

/// What every store does.
struct ObjectStoreTests {
    private static let lifetime = 900

    private func key(_ text: String) throws -> ObjectKey { try #require(ObjectKey(text)) }

    @Test(
        "what was put is read back, whole and in parts, and put over what was there",
        arguments: StoreHarness.Kind.allCases)
    func objects(kind: StoreHarness.Kind) async throws {
        let harness = try StoreHarness(kind)
        let (store, key) = (harness.store, try key("uploaded/a-b_c.1.mp4"))
        #expect(try await store.info(key) == nil)
        await #expect(throws: StoreError.notFound(key)) { try await store.read(key, 0..<1) }
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7919) }
        try await store.put(harness.file(bytes), as: key)
        let info = try #require(try await store.info(key))
        #expect(info.key == key && info.bytes == 100_000 && abs(info.date.timeIntervalSinceNow) < 60)
        #expect(try await store.read(key, 0..<100_000) == bytes)
        #expect(try await store.read(key, 5000..<5010) == Array(bytes[5000..<5010]))
        #expect(try await store.read(key, 99_990..<200_000) == Array(bytes[99_990...]))
        #expect(try await store.read(key, 200_000..<200_010) == [])
        #expect(try await store.read(key, 5..<5) == [])
        try await store.put(harness.file([1, 2, 3]), as: key)
        #expect(try await store.read(key, 0..<10) == [1, 2, 3])
        try await store.remove(key)
        try await store.remove(key)
        #expect(try await store.info(key) == nil)
    }

    @Test("an empty file, and one of several parts, are as they were", arguments: StoreHarness.Kind.allCases)
    func sizes(kind: StoreHarness.Kind) async throws {
        let harness = try StoreHarness(kind)
        let key = try key("processed/large.mp4")
        try await harness.store.put(harness.file([]), as: key)
        #expect(try await harness.store.info(key)?.bytes == 0)
        let size = Int(2 * PartedUpload.partBytes + 12_345)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            for index in 0..<size { buffer[index] = UInt8(truncatingIfNeeded: index >> 8 &+ index) }
            count = size
        }
        try await harness.store.put(harness.file(bytes), as: key)
        #expect(try await harness.store.info(key)?.bytes == Int64(size))
        for offset in [0, PartedUpload.partBytes - 5, Int64(size) - 10] {
            let range = offset..<(offset + 10)
            #expect(
                try await harness.store.read(key, range) == Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]))
        }
    }

    @Test("a list has a kind's objects, sorted, and goes on where it is told to", arguments: StoreHarness.Kind.allCases)
    func lists(kind: StoreHarness.Kind) async throws {
        let harness = try StoreHarness(kind)
        #expect(try await harness.store.list(.uploaded, after: nil).isEmpty)
        for name in ["uploaded/b.mp4", "uploaded/a.mp4", "uploaded/c/d.mp4", "processed/a.mp4"] {
            try await harness.store.put(harness.file([1, 2]), as: try key(name))
        }
        let all = try await harness.store.list(.uploaded, after: nil)
        #expect(all.map(\.key.description) == ["uploaded/a.mp4", "uploaded/b.mp4", "uploaded/c/d.mp4"])
        #expect(all.allSatisfy { $0.bytes == 2 && abs($0.date.timeIntervalSinceNow) < 60 })
        let rest = try await harness.store.list(.uploaded, after: try key("uploaded/a.mp4"))
        #expect(rest.map(\.key.description) == ["uploaded/b.mp4", "uploaded/c/d.mp4"])
    }

    @Test("bytes are read as libav needs them", arguments: StoreHarness.Kind.allCases)
    func sources(kind: StoreHarness.Kind) async throws {
        let harness = try StoreHarness(kind)
        let key = try key("uploaded/clip.mp4")
        await #expect(throws: StoreError.notFound(key)) {
            try await harness.store.source(key, matching: nil, at: Date())
        }
        let clip = try TestClip.plain(in: harness.scratch, seconds: 2)
        try await harness.store.put(clip, as: key)
        let demuxer = try Demuxer(
            try await harness.store.source(key, matching: nil, at: Date()), cancellation: CancellationFlag())
        #expect(demuxer.streams.count == 2)
    }

    @Test("who has a signed request reads and writes what it says", arguments: StoreHarness.Kind.allCases)
    func signed(kind: StoreHarness.Kind) async throws {
        let harness = try StoreHarness(kind)
        let key = try key("uploaded/signed.mp4")
        let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0) }
        let now = Date()
        let put = try await harness.store.upload(key, bytes: 5000, for: Self.lifetime, at: now)
        #expect(put.method == "PUT" && put.headers["Content-Type"] == "video/mp4")
        #expect(put.headers["Content-Length"] == "5000" && abs(put.expires.timeIntervalSince(now) - 900) <= 1)
        #expect(try await harness.send(put, bytes).0 == 200)
        let get = try await harness.store.download(key, for: Self.lifetime, at: Date())
        let (status, content) = try await harness.send(get)
        #expect(get.method == "GET" && status == 200 && content == bytes)
    }

    @Test("an address for writing is good once: what is there is not replaced", arguments: StoreHarness.Kind.allCases)
    func writtenOnce(kind: StoreHarness.Kind) async throws {
        let harness = try StoreHarness(kind)
        let (store, key) = (harness.store, try key("uploaded/once.mp4"))
        let put = try await store.upload(key, bytes: 3, for: Self.lifetime, at: Date())
        #expect(try await harness.send(put, [1, 2, 3]).0 == 200)
        #expect(try await harness.send(put, [4, 5, 6]).0 == 412)
        #expect(try await store.read(key, 0..<10) == [1, 2, 3])
        // A bucket takes it again, and nothing refers to it.
        try await store.remove(key)
        if kind == .local {
            #expect(try await harness.send(put, [4, 5, 6]).0 == 412)
            #expect(try await store.info(key) == nil)
        }
    }

    @Test(
        "of requests that write one object at the same time, one has written it", arguments: StoreHarness.Kind.allCases)
    func race(kind: StoreHarness.Kind) async throws {
        let harness = try StoreHarness(kind)
        let (store, key) = (harness.store, try key("uploaded/race.mp4"))
        let put = try await store.upload(key, bytes: 1, for: Self.lifetime, at: Date())
        let statuses = try await withThrowingTaskGroup(of: (Int, UInt8).self) { group in
            for byte in UInt8(1)...6 { group.addTask { (try await harness.send(put, [byte]).0, byte) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let written = statuses.filter { $0.0 == 200 }
        #expect(written.count == 1 && statuses.count { [412, 503].contains($0.0) } == 5, "\(statuses)")
        #expect(try await store.read(key, 0..<10) == written.map(\.1))
    }

    @Test("what was checked is what is read, or nothing is", arguments: StoreHarness.Kind.allCases)
    func tags(kind: StoreHarness.Kind) async throws {
        let harness = try StoreHarness(kind)
        let (store, key) = (harness.store, try key("uploaded/tag.mp4"))
        try await store.put(harness.file([1, 2, 3]), as: key)
        let tag = try #require(try await store.info(key)?.tag)
        #expect(try await store.source(key, matching: tag, at: Date()).size == 3)
        try await store.put(harness.file([4, 5, 6]), as: key)
        #expect(try await store.info(key)?.tag != tag)
        await #expect(throws: StoreError.changed(key)) { try await store.source(key, matching: tag, at: Date()) }
    }

    @Test(
        "a large object is there when all of its parts were, sent in any order and twice",
        arguments: StoreHarness.Kind.allCases)
    func parts(kind: StoreHarness.Kind) async throws {
        let harness = try StoreHarness(kind)
        let key = try key("uploaded/parts.mp4")
        let size = PartedUpload.partBytes + 1000
        let upload = try await harness.store.uploadInParts(key, bytes: size, for: Self.lifetime, at: Date())
        #expect(upload.parts.count == 2)
        let first = [UInt8](repeating: 7, count: Int(PartedUpload.partBytes))
        #expect(try await harness.send(upload.parts[1], [UInt8](repeating: 9, count: 1000)).0 == 200)
        await #expect(throws: StoreError.refused(reason: "part 1 was not sent")) {
            try await harness.store.finish(upload.id)
        }
        for _ in 0..<2 { #expect(try await harness.send(upload.parts[0], first).0 == 200) }
        #expect(try await harness.store.info(key) == nil)
        try await harness.store.finish(upload.id)
        #expect(try await harness.store.info(key)?.bytes == size)
        let range = (PartedUpload.partBytes - 2)..<(PartedUpload.partBytes + 2)
        #expect(try await harness.store.read(key, range) == [7, 7, 9, 9])
        let other = try await harness.store.uploadInParts(key, bytes: size, for: Self.lifetime, at: Date())
        _ = try await harness.send(other.parts[0], first)
        try await harness.store.abandon(other.id)
        try await harness.store.abandon(other.id)
        await #expect(throws: StoreError.self) { try await harness.store.finish(other.id) }
    }

    @Test(
        "what is no key is not taken for one",
        arguments: ["", "/a", "a/", "a//b", "../a", "a/../b", "a/.b", "a b", "a%2e", "ä", "a\\b"])
    func keys(text: String) {
        #expect(ObjectKey(text) == nil)
    }

    @Test("keys that nobody guesses differ, and say what they are")
    func randomKeys() {
        let keys = (0..<1000).map { _ in ObjectKey.random(in: .uploaded, .quickTime) }
        #expect(Set(keys).count == 1000)
        #expect(keys.allSatisfy { $0.folder == .uploaded && $0.type == .quickTime && ObjectKey($0.description) == $0 })
        #expect(ObjectKey(String(repeating: "a", count: 513)) == nil)
    }
}
