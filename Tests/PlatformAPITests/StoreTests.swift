import Foundation
import PlatformSupport
import Storage
import Testing

@testable import PlatformAPI

@Suite(.postgres)
struct StoreTests {
    /// Sends a signed request to the platform.
    private func send(
        _ platform: Platform, _ request: SignedRequest, body: [UInt8]? = nil, method: String? = nil,
        range: String? = nil
    ) async throws -> (status: Int, headers: [String: String], bytes: [UInt8]) {
        try await platform.client.exchange(
            method ?? request.method, request.url, body: body, headers: range.map { ["Range": $0] } ?? [:])
    }

    @Test("what is sent to a signed address is there, and is read whole and in parts")
    func objects() async throws {
        try await Platform.run { platform in
            let key = ObjectKey.random(in: .uploaded, .mp4)
            let bytes = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let put = try await platform.store.upload(key, bytes: 700_000, for: 3600, at: Date())
            let sent = try await send(platform, put, body: bytes)
            #expect(sent.status == 200)
            let get = try await platform.store.download(key, for: 3600, at: Date())
            let whole = try await send(platform, get)
            #expect(whole.status == 200 && whole.bytes == bytes && whole.headers["content-type"] == "video/mp4")
            #expect(whole.headers["accept-ranges"] == "bytes" && whole.headers["x-content-type-options"] == "nosniff")
            for (range, expected) in [
                ("bytes=0-9", 0..<10), ("bytes=699990-", 699_990..<700_000), ("bytes=-5", 699_995..<700_000),
                ("bytes=5-5", 5..<6), ("bytes=100-9999999", 100..<700_000), ("bytes=-9999999", 0..<700_000),
            ] {
                let part = try await send(platform, get, range: range)
                #expect(part.status == 206 && part.bytes == Array(bytes[expected]), "\(range)")
                #expect(
                    part.headers["content-range"] == "bytes \(expected.lowerBound)-\(expected.upperBound - 1)/700000")
            }
            for range in ["bytes=5-2", "bytes=x-2", "lines=1-2", "bytes=1-2,5-6", "bytes=-"] {
                let all = try await send(platform, get, range: range)
                #expect(all.status == 200 && all.bytes.count == 700_000, "\(range)")
            }
            let beyond = try await send(platform, get, range: "bytes=700000-")
            #expect(beyond.status == 416 && beyond.headers["content-range"] == "bytes */700000")
            let tag = try #require(whole.headers["etag"])
            for (headers, status) in [
                (["Range": "bytes=0-9", "If-Range": tag], 206), (["Range": "bytes=0-9", "If-Range": "\"other\""], 200),
                (["If-Match": "\"other\", \(tag)"], 200), (["If-Match": "*"], 200), (["If-Match": "\"other\""], 412),
            ] {
                let answer = try await platform.client.exchange("GET", get.url, headers: headers)
                #expect(answer.status == status, "\(headers)")
            }
            let head = try await send(platform, get, method: "HEAD")
            #expect(head.status == 200 && head.headers["content-length"] == "700000" && head.bytes.isEmpty)
        }
    }

    @Test("an address that is not good, or for something else, does nothing")
    func refusals() async throws {
        try await Platform.run { platform in
            let key = ObjectKey.random(in: .uploaded, .mp4)
            let put = try await platform.store.upload(key, bytes: 4, for: 3600, at: Date())
            let tooMuch = try await send(platform, put, body: [1, 2, 3, 4, 5])
            let tooLittle = try await send(platform, put, body: [1, 2, 3])
            #expect(tooMuch.status == 413 && tooLittle.status == 400)
            let other = try await send(platform, put, method: "GET")
            let expired = try await send(
                platform, platform.store.upload(key, bytes: 4, for: 60, at: Date(timeIntervalSinceNow: -61)),
                body: [1, 2, 3, 4])
            #expect(other.status == 403 && expired.status == 403)
            let absent = try await send(platform, platform.store.download(key, for: 3600, at: Date()))
            #expect(absent.status == 404)
            for path in ["/store/\(key)", "/store/../\(key)", "/store/", "/store/a%2e%2e/b?expires=1&signature=x"] {
                let refused = try await platform.client.exchange("GET", path)
                #expect([403, 404].contains(refused.status), "\(path)")
            }
            let nothing = try await platform.store.info(key)
            #expect(nothing == nil)
        }
    }
}
