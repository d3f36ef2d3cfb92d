import Database
import Foundation
import PlatformSupport
import TestSupport
import Testing

@testable import PlatformAPI
@testable import Storage

@Suite(.postgres)
struct UploadTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// A platform that takes small clips.
    private func run(_ body: (Platform) async throws -> Void) async throws {
        var settings = Platform.settings
        settings.policy.duration = 1...3
        settings.policy.side = 180
        try await Platform.run(settings, body)
    }

    private func clip(seconds: Double = 2, size: String = "320x180") throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: TestClip.plain(in: scratch, seconds: seconds, size: size))))
    }

    /// A clip that is uploaded in two parts: a free-space box follows it (ISO/IEC 14496-12, section 8.1.2).
    private func partedClip() throws -> [UInt8] {
        let clip = try clip()
        let free = Int(PartedUpload.partBytes) + 1000 - clip.count
        return clip + withUnsafeBytes(of: UInt32(free).bigEndian, Array.init) + Array("free".utf8)
            + [UInt8](repeating: 0, count: free - 8)
    }

    private static func begin(_ bytes: Int, _ changes: [String: Any] = [:]) -> [String: Any] {
        [
            "title": "A rally", "file_name": "clip.mp4", "size_bytes": bytes, "content_type": "video/mp4",
            "is_public": true,
        ].merging(changes) { $1 }
    }

    /// Begins an upload and sends the file; gives back the video's path.
    private func upload(_ client: Client, _ bytes: [UInt8], as token: String) async throws -> String {
        let begun = try await client.send("POST", "/api/videos/uploads", Self.begin(bytes.count), as: token)
        let (id, url): (Int, String) = (try #require(begun["video_id"]), try #require(begun["upload.url"]))
        let sent = try await client.exchange("PUT", url, body: bytes)
        try #require(sent.status == 200)
        return "/api/videos/\(id)"
    }

    @Test("a file goes straight to the store; completed, its job is there")
    func direct() async throws {
        let bytes = try clip()
        try await run { platform in
            let client = platform.client
            let (anna, berta) = (try await client.join("anna"), try await client.join("berta"))
            let begun = try await client.send("POST", "/api/videos/uploads", Self.begin(bytes.count), as: anna.token)
            #expect(
                begun.status == 201 && begun["upload.method"] == "PUT" && begun["upload.expires_at"] != String?.none)
            #expect(begun["upload.headers.Content-Type"] == "video/mp4" && begun["upload.parts"] == [String]?.none)
            #expect(begun["pipeline.name"] == "showcase" && begun["pipeline.version"] == 3)
            let (id, url): (Int, String) = (try #require(begun["video_id"]), try #require(begun["upload.url"]))
            let path = "/api/videos/\(id)"
            let early = try await client.send("POST", "\(path)/complete", as: anna.token)
            #expect(early.status == 409 && early["code"] == "not_uploaded")
            let sent = try await client.exchange("PUT", url, body: bytes)
            #expect(sent.status == 200)
            let theirs = try await client.send("POST", "\(path)/complete", as: berta.token)
            #expect(theirs.status == 403)
            for _ in 0..<2 {
                let done = try await client.send("POST", "\(path)/complete", as: anna.token)
                #expect(done.status == 200 && done["status"] == "uploaded" && done["video_id"] == id)
            }
            let jobs = JobRepository(platform.pool)
            let job = try #require(try await jobs.claim(for: .seconds(3600)))
            let none = try await jobs.claim(for: .seconds(3600))
            #expect(job.video.rawValue == id && none == nil)
            let again = try await client.send("POST", "\(path)/reprocess", ["pipeline": "showcase@1"], as: anna.token)
            #expect(again.status == 409)
            _ = try await jobs.finish(job, with: .init(processedKey: "processed/x.mp4", posterKey: nil))
            let accepted = try await client.send(
                "POST", "\(path)/reprocess", ["pipeline": "showcase@1"], as: anna.token)
            #expect(accepted.status == 202 && accepted["status"] == "processed")
            let next = try await jobs.claim(for: .seconds(3600))
            #expect(next?.pipeline.version == 1)
            for (body, status) in [(["pipeline": "nothing"], 400), ([:], 400)] as [([String: String], Int)] {
                let refused = try await client.send("POST", "\(path)/reprocess", body, as: anna.token)
                #expect(refused.status == status && refused["fields.pipeline"] != String?.none)
            }
        }
    }

    @Test("what was checked cannot be replaced, whatever becomes of the video")
    func sealed() async throws {
        let (bytes, bad) = (try clip(), try clip(seconds: 0.5))
        try await run { platform in
            let client = platform.client
            let anna = try await client.join("anna")
            func begin(_ bytes: [UInt8]) async throws -> (path: String, url: String) {
                let begun = try await client.send(
                    "POST", "/api/videos/uploads", Self.begin(bytes.count, ["is_public": false]), as: anna.token)
                let id: Int = try #require(begun["video_id"])
                return ("/api/videos/\(id)", try #require(begun["upload.url"]))
            }
            func put(_ url: String, _ bytes: [UInt8], type: String = "video/mp4") async throws -> Int {
                try await client.exchange("PUT", url, body: bytes, headers: ["Content-Type": type]).status
            }
            let other = [UInt8](repeating: 0, count: bytes.count)
            let good = try await begin(bytes)
            #expect(try await put(good.url, bytes, type: "text/html") == 400)
            #expect(try await put(good.url, bytes) == 200)
            #expect(try await put(good.url, other) == 412)
            #expect(try await client.send("POST", "\(good.path)/complete", as: anna.token).status == 200)
            #expect(try await put(good.url, other) == 412)
            let job = try #require(try await JobRepository(platform.pool).claim(for: .seconds(3600)))
            let key = try #require(ObjectKey(job.originalKey))
            #expect(try await platform.store.info(key)?.tag == job.originalTag && job.originalTag != nil)
            #expect(try await platform.store.read(key, 0..<Int64(bytes.count)) == bytes)

            let refused = try await begin(bad)
            #expect(try await put(refused.url, bad) == 200)
            #expect(try await client.send("POST", "\(refused.path)/complete", as: anna.token).status == 422)
            #expect(try await put(refused.url, bad) == 412)
            let deleted = try await begin(bytes)
            #expect(try await put(deleted.url, bytes) == 200)
            #expect(try await client.send("DELETE", deleted.path, as: anna.token).status == 204)
            #expect(try await put(deleted.url, bytes) == 412)
        }
    }

    @Test("of six who complete a parted upload at the same time, each is told that it is there")
    func parallelComplete() async throws {
        let bytes = try partedClip()
        try await run { platform in
            let client = platform.client
            let anna = try await client.join("anna")
            let begun = try await client.send("POST", "/api/videos/uploads", Self.begin(bytes.count), as: anna.token)
            let parts: [[String: Any]] = try #require(begun["upload.parts"])
            let urls = try parts.map { try #require($0["url"] as? String) }
            let path = "/api/videos/\(try #require(begun["video_id"] as Int?))/complete"
            let cut = Int(PartedUpload.partBytes)
            for (url, content) in zip(urls, [bytes[..<cut], bytes[cut...]]) {
                #expect(try await client.exchange("PUT", url, body: Array(content)).status == 200)
            }
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 {
                    group.addTask { try await client.send("POST", path, as: anna.token).status }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses == [200, 200, 200, 200, 200, 200])
            // Whoever still has an address for a part has none for the object.
            #expect(try await client.exchange("PUT", urls[1], body: Array(bytes[cut...])).status == 412)
        }
    }

    @Test("a large file goes in parts, which are one file when all of them are there")
    func parts() async throws {
        let bytes = try partedClip()
        try await run { platform in
            let client = platform.client
            let anna = try await client.join("anna")
            let begun = try await client.send("POST", "/api/videos/uploads", Self.begin(bytes.count), as: anna.token)
            let parts: [[String: Any]] = try #require(begun["upload.parts"])
            #expect(begun.status == 201 && begun["upload.url"] == String?.none)
            #expect(parts.map { $0["number"] as? Int } == [1, 2])
            let path = "/api/videos/\(try #require(begun["video_id"] as Int?))/complete"
            let cut = Int(PartedUpload.partBytes)
            for (index, content) in [(1, bytes[cut...]), (0, bytes[..<cut])] {
                let early = try await client.send("POST", path, as: anna.token)
                #expect(early.status == 409 && early["code"] == "not_uploaded")
                let sent = try await client.exchange(
                    "PUT", try #require(parts[index]["url"] as? String), body: Array(content))
                #expect(sent.status == 200)
            }
            let done = try await client.send("POST", path, as: anna.token)
            #expect(done.status == 200 && done["status"] == "uploaded")
            // The parts of an upload that is deleted go with it.
            let other = try await client.send(
                "POST", "/api/videos/uploads", Self.begin(bytes.count, ["is_public": false]), as: anna.token)
            let first: [[String: Any]] = try #require(other["upload.parts"])
            _ = try await client.exchange(
                "PUT", try #require(first[0]["url"] as? String), body: Array(bytes[..<cut]))
            #expect(try FileManager.default.contentsOfDirectory(atPath: platform.store.unfinished).count == 1)
            let video = "/api/videos/\(try #require(other["video_id"] as Int?))"
            #expect(try await client.send("DELETE", video, as: anna.token).status == 204)
            #expect(try FileManager.default.contentsOfDirectory(atPath: platform.store.unfinished).isEmpty)
        }
    }

    @Test("a file that cannot be read is refused with the types that are taken")
    func unreadable() async throws {
        try await run { platform in
            let anna = try await platform.client.join("anna")
            let bytes = Array("This is no film.".utf8)
            let begun = try await platform.client.send(
                "POST", "/api/videos/uploads", Self.begin(bytes.count), as: anna.token)
            _ = try await platform.client.exchange("PUT", try #require(begun["upload.url"]), body: bytes)
            let path = "/api/videos/\(try #require(begun["video_id"] as Int?))/complete"
            let answer = try await platform.client.send("POST", path, as: anna.token)
            let words: String = try #require(answer["fields.video"])
            #expect(words.contains("video/mp4") && !words.contains("WebM"), "\(words)")
        }
    }

    @Test("what the policy refuses is said of the file, and the video is failed with a sentence")
    func refusals() async throws {
        let files: [(bytes: [UInt8], field: String)] = [
            (try clip(seconds: 0.5), "duration"), (try clip(seconds: 5), "duration"),
            (try clip(size: "320x160"), "size"),
            (Array("This is no film.".utf8), "video"),
            (
                Array(
                    try Data(
                        contentsOf: URL(
                            filePath: TestClip.make(
                                "clip.mkv", in: scratch,
                                "-f lavfi -i testsrc2=s=320x180:r=30:d=2 -c:v libx264 -preset ultrafast")))),
                "container"
            ),
        ]
        try await run { platform in
            let anna = try await platform.client.join("anna")
            for file in files {
                let path = try await upload(platform.client, file.bytes, as: anna.token)
                let refused = try await platform.client.send("POST", "\(path)/complete", as: anna.token)
                #expect(refused.status == 422 && refused["code"] == "refused", "\(file.field)")
                #expect(refused["fields.\(file.field)"] != String?.none, "\(file.field): \(refused)")
                let video = try await platform.client.send("GET", path, as: anna.token)
                #expect(video["status"] == "failed" && video["failure.code"] == "refused")
                let message: String = try #require(video["failure.message"])
                #expect(message.contains(file.field))
                let again = try await platform.client.send(
                    "POST", "\(path)/reprocess", ["pipeline": "showcase"], as: anna.token)
                #expect(again.status == 409)
            }
            let none = try await JobRepository(platform.pool).claim(for: .seconds(3600))
            #expect(none == nil)
        }
    }

    @Test("an upload that says something wrong does not begin")
    func fields() async throws {
        try await run { platform in
            let anna = try await platform.client.join("anna")
            for (field, value) in [
                ("title", ""), ("title", NSNull()), ("file_name", " "), ("size_bytes", 0), ("size_bytes", 100_000_001),
                ("size_bytes", "5"), ("content_type", "text/plain"), ("content_type", NSNull()),
                ("pipeline", "nothing"),
                ("pipeline", "showcase@99"), ("pipeline", "../x"), ("is_public", "yes"),
            ] as [(String, Any)] {
                let refused = try await platform.client.send(
                    "POST", "/api/videos/uploads", Self.begin(1000, [field: value]), as: anna.token)
                #expect(refused.status == 400 && refused["fields.\(field)"] != String?.none, "\(field): \(value)")
            }
            let pinned = try await platform.client.send(
                "POST", "/api/videos/uploads", Self.begin(1000, ["pipeline": "showcase@1"]), as: anna.token)
            #expect(pinned.status == 201 && pinned["pipeline.version"] == 1)
            let stranger = try await platform.client.send("POST", "/api/videos/uploads", Self.begin(1000))
            #expect(stranger.status == 401)
            let nowhere = try await platform.client.send("POST", "/api/videos/999/complete", as: anna.token)
            #expect(nowhere.status == 404)
        }
    }

    /// A form as browsers send it.
    private static func form(_ fields: [String: String], _ file: [UInt8]?, type: String? = "video/mp4") -> [UInt8] {
        var body: [UInt8] = []
        for (name, value) in fields {
            body += Array("--x\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n".utf8)
        }
        if let file {
            body += Array(
                "--x\r\nContent-Disposition: form-data; name=\"video_file\"; filename=\"My clip.mp4\"\r\n".utf8)
            if let type { body += Array("Content-Type: \(type)\r\n".utf8) }
            body += Array("\r\n".utf8) + file + Array("\r\n".utf8)
        }
        return body + Array("--x--\r\n".utf8)
    }

    private func send(
        _ client: Client, _ body: [UInt8], as token: String?, type: String = "multipart/form-data; boundary=x"
    ) async throws -> (status: Int, json: [String: Any]) {
        var headers = ["Content-Type": type]
        if let token { headers["Authorization"] = "Bearer \(token)" }
        let answer = try await client.exchange("POST", "/api/videos/upload", body: body, headers: headers)
        let json = try? JSONSerialization.jsonObject(with: Data(answer.bytes)) as? [String: Any]
        return (answer.status, json ?? [:])
    }

    @Test("older clients send a form; its job is there", arguments: ["video/mp4", "application/octet-stream", nil])
    func form(type: String?) async throws {
        let bytes = try clip()
        try await run { platform in
            let anna = try await platform.client.join("anna")
            let fields = ["title": "A räly", "is_public": "true", "pipeline": "showcase@2"]
            let (status, json) = try await send(platform.client, Self.form(fields, bytes, type: type), as: anna.token)
            #expect(status == 201, "\(json)")
            #expect(
                json.keys.sorted() == ["id", "is_public", "s3_key", "status", "title", "uploaded_at", "user_id"])
            #expect(json["title"] as? String == "A räly" && json["is_public"] as? Bool == true)
            #expect(json["status"] as? String == "uploaded" && json["user_id"] as? Int == anna.id)
            let job = try #require(try await JobRepository(platform.pool).claim(for: .seconds(3600)))
            #expect(job.video.rawValue == json["id"] as? Int && job.pipeline.version == 2)
            #expect(job.originalKey == json["s3_key"] as? String && job.fileName == "My clip.mp4")
            let key = try #require(ObjectKey(job.originalKey))
            let stored = try await platform.store.read(key, 0..<Int64(bytes.count + 1))
            #expect(stored == bytes)
        }
    }

    @Test("a form that says something wrong is refused, and leaves nothing")
    func wrongForms() async throws {
        let bytes = try clip()
        try await run { platform in
            let anna = try await platform.client.join("anna")
            let good = ["title": "A rally", "is_public": "false"]
            let wrong: [(body: [UInt8], field: String)] = [
                (Self.form(["is_public": "true"], bytes), "title"),
                (Self.form(good.merging(["is_public": "yes"]) { $1 }, bytes), "is_public"),
                (Self.form(good.merging(["pipeline": "nothing"]) { $1 }, bytes), "pipeline"),
                (Self.form(good, nil), "video_file"), (Self.form(good, []), "video_file"),
                (Self.form(good, bytes, type: "text/plain"), "video_file"),
                (Self.form(good, Array("This is no film.".utf8)), "video_file"),
                (Self.form(good, try clip(seconds: 5)), "video_file"),
            ]
            for (body, field) in wrong {
                let (status, json) = try await send(platform.client, body, as: anna.token)
                #expect(status == 400 && (json["fields"] as? [String: String])?[field] != nil, "\(field): \(json)")
            }
            for (body, type) in [
                (Array("hello".utf8), "multipart/form-data; boundary=x"), (Self.form(good, bytes), "application/json"),
                (Array(Self.form(good, bytes).dropLast(9)), "multipart/form-data; boundary=x"),
            ] {
                let (status, json) = try await send(platform.client, body, as: anna.token, type: type)
                #expect(status == 400 && json["code"] as? String == "malformed")
            }
            let (stranger, _) = try await send(platform.client, Self.form(good, bytes), as: nil)
            #expect(stranger == 401)
            let videos = try await platform.client.send("GET", "/api/videos", as: anna.token)
            let objects = try await platform.store.list(.uploaded, after: nil)
            #expect((videos.body as? [Any])?.isEmpty == true && objects.isEmpty)
        }
    }

    @Test("a form with too large a file is refused, whatever it says of its length")
    func largeForms() async throws {
        let bytes = try clip()
        var settings = Platform.settings
        settings.policy.bytes = 1000
        try await Platform.run(settings) { platform in
            let anna = try await platform.client.join("anna")
            for size in [1001, 200_000] {
                let body = Self.form(["title": "A rally"], Array(repeatElement(bytes, count: 50).joined().prefix(size)))
                let (status, json) = try await send(platform.client, body, as: anna.token)
                #expect(status == 413 && json["code"] as? String == "too_large")
            }
            let fields = ["title": String(repeating: "x", count: 70_000)]
            let (status, _) = try await send(
                platform.client, Self.form(fields, Array(bytes.prefix(10))), as: anna.token)
            #expect(status == 413)
        }
    }

    @Test("what an upload can choose is listed, and each is the file that was published")
    func pipelines() async throws {
        try await run { platform in
            let list = try await platform.client.send("GET", "/api/pipelines")
            let pipelines = try #require(list.body as? [[String: Any]])
            let names = pipelines.map { "\($0["name"] ?? "")@\($0["version"] ?? "")" }
            #expect(names == ["interview@1", "showcase@1", "showcase@2", "showcase@3", "showcase-fit@1"])
            #expect(pipelines.map { $0["is_default"] as? Bool } == [true, false, false, true, true])
            #expect(
                pipelines[0].keys.sorted() == ["digest", "is_default", "name", "parameters", "summary", "version"])
            let file = try Data(contentsOf: URL(filePath: Checkout.file("pipelines/published/showcase@3.json")))
            let manifest = try await platform.client.exchange("GET", "/api/pipelines/showcase/3")
            #expect(manifest.status == 200 && manifest.bytes == Array(file))
            #expect(manifest.headers["cache-control"]?.contains("immutable") == true)
            let picture = try await platform.client.exchange("GET", "/api/pipelines/showcase/3/graph.svg")
            #expect(picture.status == 200 && picture.headers["content-type"] == "image/svg+xml")
            for path in ["showcase/99", "nothing/1", "showcase/x", "..%2f..%2fx/1", "showcase/99/graph.svg"] {
                let absent = try await platform.client.exchange("GET", "/api/pipelines/\(path)")
                #expect(absent.status == 404, "\(path)")
            }
        }
    }
}
