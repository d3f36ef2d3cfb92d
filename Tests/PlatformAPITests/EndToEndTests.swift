import Database
import Foundation
import Glibc
import LibAV
import PlatformSupport
import TestSupport
import Testing

/// The whole platform as people have it, and what may befall it.
struct EndToEndTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func start() async throws -> Server {
        try await Server.start(data: scratch.path("data"), environment: Server.small)
    }

    /// One whose files are in S3.
    private func start(on aws: AWSServer, _ others: [String: String]) async throws -> Server {
        try aws.makeBucket("videos")
        let environment = [
            "STORE_BUCKET": "videos", "STORE_ENDPOINT": aws.endpoint, "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        ]
        return try await Server.start(
            data: scratch.path("data"),
            environment: Server.small.merging(environment) { $1 }.merging(others) { $1 })
    }

    private func clip(seconds: Double = 2) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: TestClip.plain(in: scratch, seconds: seconds))))
    }

    /// Begins an upload; gives back where the file goes.
    private func begin(
        _ bytes: Int, _ client: Client, as token: String
    ) async throws -> (video: Int, request: (url: String, headers: [String: String])) {
        let body: [String: Any] = [
            "title": "A rally", "file_name": "clip.mp4", "size_bytes": bytes, "content_type": "video/mp4",
            "is_public": false,
        ]
        let begun = try await client.send("POST", "/api/videos/uploads", body, as: token)
        return (
            try #require(begun["video_id"]), (try #require(begun["upload.url"]), try #require(begun["upload.headers"]))
        )
    }

    /// Begins an upload and sends the file, as a browser does.
    private func send(_ bytes: [UInt8], to client: Client, as token: String) async throws -> Int {
        let (video, request) = try await begin(bytes.count, client, as: token)
        let sent = try await Client("").exchange("PUT", request.url, body: bytes, headers: request.headers)
        try #require(sent.status == 200)
        return video
    }

    private func complete(_ video: Int, _ client: Client, as token: String) async throws {
        let done = try await client.send("POST", "/api/videos/\(video)/complete", as: token)
        try #require(done.status == 200, "\(done)")
    }

    /// Listens to what becomes of a video, until that is settled; again where the connection is lost, as browsers do.
    private func outcome(of video: Int, _ client: Client, as token: String) async throws -> String {
        while true {
            let answer = try? await client.exchange(
                "GET", "/api/videos/\(video)/events", headers: ["Authorization": "Bearer \(token)"])
            let events = String(decoding: answer?.bytes ?? [], as: UTF8.self).split(separator: "\n")
                .filter { $0.hasPrefix("event: ") }.map { String($0.dropFirst(7)) }
            if let last = events.last, ["done", "failed"].contains(last) { return last }
        }
    }

    /// Waits until a statement finds something in the database of a server's own.
    private func wait(for statement: Statement, of server: Server) async throws {
        let pool = ConnectionPool(try EmbeddedCluster(folder: "\(server.data)/postgres").settings)
        while try await pool.withConnection({ try await $0.query(statement) }).count == 0 {
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// From a video that was made to its player's place.
    private func publish(_ video: Int, _ client: Client, as anna: (id: Int, token: String), _ berta: String)
        async throws
    {
        let stream = "/api/public/videos/\(video)/stream"
        let hidden = try await client.send("GET", stream)
        #expect(hidden.status == 404)
        let shown = try await client.send("PATCH", "/api/videos/\(video)", ["is_public": true], as: anna.token)
        #expect(shown.status == 200 && shown["status"] == "processed" && shown["poster_url"] != String?.none)
        let found = try await client.send("GET", stream)
        let url = try #require(found.headers["location"])
        let part = try await Client("").exchange("GET", url, headers: ["Range": "bytes=4-7"])
        // A file of the MP4 family begins with this box (ISO/IEC 14496-12, 4.3).
        #expect(part.status == 206 && part.bytes == Array("ftyp".utf8))
        let whole = try await Client("").exchange("GET", url)
        let file = scratch.path("made.mp4")
        try Data(whole.bytes).write(to: URL(filePath: file))
        let made = try DecodedClip(file)
        #expect(made.errors == 0 && made.frameCount == 2 * 30 + 5 * 30)
        for token in [anna.token, berta] {
            let voted = try await client.send("POST", "/api/public/videos/\(video)/vote", as: token)
            #expect(voted.status == 201)
        }
        while true {
            let rankings = try await client.send("GET", "/api/public/rankings")
            let places: [[String: Any]] = try #require(rankings["rankings"])
            if let place = places.first, place["total_votes"] as? Int == 2 {
                #expect(place["ranking"] as? Int == 1 && place["user_id"] as? Int == anna.id)
                return
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    @Test("sign up, log in, upload, watch, stream, publish, vote, rank")
    func direct() async throws {
        let server = try await start()
        defer { server.end() }
        try await life(on: server)
        #expect(await server.interrupt() == 0)
    }

    /// From signing up to a place in the rankings.
    private func life(on server: Server) async throws {
        let client = server.client
        let (anna, berta) = (try await client.join("anna"), try await client.join("berta"))
        let video = try await send(try clip(), to: client, as: anna.token)
        try await complete(video, client, as: anna.token)
        #expect(try await outcome(of: video, client, as: anna.token) == "done")
        try await publish(video, client, as: anna, berta.token)
    }

    @Test("the same with the form of older clients")
    func form() async throws {
        let server = try await start()
        defer { server.end() }
        let client = server.client
        let (anna, berta) = (try await client.join("anna"), try await client.join("berta"))
        var body = Array("--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nA rally\r\n".utf8)
        body += Array(
            "--x\r\nContent-Disposition: form-data; name=\"video_file\"; filename=\"clip.mp4\"\r\n\r\n".utf8)
        body += try clip() + Array("\r\n--x--\r\n".utf8)
        let sent = try await client.exchange(
            "POST", "/api/videos/upload", body: body,
            headers: ["Authorization": "Bearer \(anna.token)", "Content-Type": "multipart/form-data; boundary=x"])
        let json = try JSONSerialization.jsonObject(with: Data(sent.bytes)) as? [String: Any]
        let video = try #require(json?["id"] as? Int)
        #expect(sent.status == 201)
        #expect(try await outcome(of: video, client, as: anna.token) == "done")
        try await publish(video, client, as: anna, berta.token)
    }

    @Test("the same with the files in S3, and a worker that SQS tells of jobs")
    func onAWS() async throws {
        let aws = try AWSServer()
        let server = try await start(on: aws, ["QUEUE_URL": try aws.makeQueue("jobs")])
        defer { server.end() }
        try await life(on: server)
        let targets = try aws.asked().compactMap { $0.headers["x-amz-target"] }
        #expect(targets.contains("AmazonSQS.SendMessageBatch") && targets.contains("AmazonSQS.DeleteMessage"))
        #expect(await server.interrupt() == 0)
    }

    @Test("a worker that is killed in the middle of a run is started again, and makes the video")
    func killedWorker() async throws {
        let server = try await start()
        defer { server.end() }
        let client = server.client
        let anna = try await client.join("anna")
        let video = try await send(try clip(seconds: 40), to: client, as: anna.token)
        try await complete(video, client, as: anna.token)
        while try await client.send("GET", "/api/videos/\(video)", as: anna.token)["status"] != "processing" {
            try await Task.sleep(for: .milliseconds(20))
        }
        kill(try await server.worker(), SIGKILL)
        #expect(try await outcome(of: video, client, as: anna.token) == "done")
        // What the first worker left half made is nowhere.
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(server.data)/store/objects/processed")
        #expect(files.count == 2)
    }

    @Test(
        "an API that is killed after a file was sent, and again with everything after its job was written, loses nothing"
    )
    func killedAPI() async throws {
        var server = try await start()
        let anna = try await server.client.join("anna")
        let video = try await send(try clip(), to: server.client, as: anna.token)
        server.kill()
        server = try await start()
        try await complete(video, server.client, as: anna.token)
        kill(try await server.worker(), SIGKILL)
        kill(try server.postmaster(), SIGKILL)
        server.kill()
        server = try await start()
        defer { server.end() }
        #expect(try await outcome(of: video, server.client, as: anna.token) == "done")
        #expect(await server.interrupt() == 0)
    }

    @Test("PostgreSQL restarts under load: no vote is lost that was taken, none counts twice, and all goes on")
    func restartedDatabase() async throws {
        let server = try await start()
        defer { server.end() }
        let client = server.client
        let anna = try await client.join("anna")
        let video = try await send(try clip(), to: client, as: anna.token)
        try await complete(video, client, as: anna.token)
        #expect(try await outcome(of: video, client, as: anna.token) == "done")
        _ = try await client.send("PATCH", "/api/videos/\(video)", ["is_public": true], as: anna.token)
        var tokens: [String] = []
        for number in 0..<8 { tokens.append(try await client.join("voter\(number)").token) }
        let path = "/api/public/videos/\(video)/vote"
        // Everybody votes until their vote is taken, whatever comes between.
        let statuses = try await withThrowingTaskGroup(of: [Int].self) { group in
            for (number, token) in tokens.enumerated() {
                group.addTask {
                    var statuses: [Int] = []
                    while statuses.last != 201, statuses.last != 409 {
                        statuses.append(try await client.send("POST", path, as: token).status)
                        if statuses.last == 503 { try await Task.sleep(for: .milliseconds(20)) }
                    }
                    return statuses
                }
                if number == 3 { kill(try server.postmaster(), SIGINT) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(statuses).isSubset(of: [201, 409, 503]), "\(statuses)")
        let shown = try await client.send("GET", "/api/videos/\(video)", as: anna.token)
        #expect(shown["votes"] == tokens.count)
        for token in tokens {
            let again = try await client.send("POST", path, as: token)
            #expect(again.status == 409)
        }
        let health = try await client.send("GET", "/api/health")
        #expect(health.status == 200)
    }

    @Test("a store that does not answer is not waited for for ever; nothing is lost, and all goes on when it is back")
    func silentStore() async throws {
        let aws = try AWSServer()
        let server = try await start(on: aws, ["STORE_PATIENCE": "1"])
        defer { server.end() }
        let client = server.client
        let anna = try await client.join("anna")
        let video = try await send(try clip(), to: client, as: anna.token)
        try aws.stall(true)
        let health = try await client.send("GET", "/api/health")
        #expect(health.status == 503 && health["services.store"] == "unhealthy")
        #expect(health["services.database"] == "healthy")
        let early = try await client.send("POST", "/api/videos/\(video)/complete", as: anna.token)
        #expect(early.status == 503 && early["code"] == "unavailable")
        try aws.stall(false)
        try await complete(video, client, as: anna.token)
        // The worker has it by now, or is about to.
        try aws.stall(true)
        try await wait(for: Statement("SELECT FROM jobs WHERE attempts > 0"), of: server)
        try aws.stall(false)
        #expect(try await outcome(of: video, client, as: anna.token) == "done")
        #expect(await server.interrupt() == 0)
    }

    @Test("a server that is told to end finishes what it has begun, and takes nothing new")
    func gracefulShutdown() async throws {
        let server = try await start()
        defer { server.end() }
        let anna = try await server.client.join("anna")
        // As long as it takes to send this so slowly, the upload is under way.
        let bytes = try clip() + [UInt8](repeating: 0, count: 600_000)
        let file = scratch.path("slow.mp4")
        try Data(bytes).write(to: URL(filePath: file))
        let (_, request) = try await begin(bytes.count, server.client, as: anna.token)
        let upload = Process()
        upload.executableURL = URL(filePath: "/usr/bin/curl")
        upload.arguments =
            ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--limit-rate", "100k", "-T", file, request.url]
            + request.headers.flatMap { ["-H", "\($0): \($1)"] }
        let output = Pipe()
        upload.standardOutput = output
        try upload.run()
        let unfinished = "\(server.data)/store/unfinished"
        while try FileManager.default.contentsOfDirectory(atPath: unfinished).isEmpty {
            try await Task.sleep(for: .milliseconds(20))
        }
        async let end = server.interrupt()
        // Refused, and not answered: where nobody listens there is no connection.
        while (try? await server.client.send("GET", "/api/pipelines")) != nil {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(upload.isRunning)
        #expect(await end == 0)
        #expect(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self) == "200")
    }

    /// A store with little room needs a file system of its own, which root alone may mount.
    @Test(
        "a full disk loses nothing: what does not fit is refused or waits, and is done when there is room",
        .enabled(if: geteuid() == 0))
    func fullDisk() async throws {
        let store = scratch.path("data/store")
        try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
        let (bytes, filler) = (try clip(), "\(store)/filler")
        // The upload fits, and what is made of it does not.
        let room = bytes.count + (64 << 10)
        try #require(try Tool.run("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", store]).status == 0)
        defer { _ = try? Tool.run("umount", ["--lazy", store]) }
        let server = try await start()
        defer { server.end() }
        let client = server.client
        let anna = try await client.join("anna")
        try #require(try Tool.run("fallocate", ["-l", "\((64 << 20) - room)", filler]).status == 0)

        let large = bytes + [UInt8](repeating: 0, count: 1 << 20)
        let (_, request) = try await begin(large.count, client, as: anna.token)
        let sent = try await Client("").exchange("PUT", request.url, body: large, headers: request.headers)
        #expect(sent.status == 503)

        let video = try await send(bytes, to: client, as: anna.token)
        try await complete(video, client, as: anna.token)
        try await wait(for: Statement("SELECT FROM jobs WHERE state = 'waiting' AND attempts > 0"), of: server)
        // What was half written is gone.
        let files = try? FileManager.default.contentsOfDirectory(atPath: "\(store)/objects/processed")
        #expect(files ?? [] == [])
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(store)/unfinished").isEmpty)
        try FileManager.default.removeItem(atPath: filler)
        #expect(try await outcome(of: video, client, as: anna.token) == "done")
        #expect(await server.interrupt() == 0)
    }
}
