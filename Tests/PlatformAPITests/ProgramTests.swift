import Crypto
import Foundation
import PlatformSupport
import Storage
import TestSupport
import Testing

@testable import Database
@testable import PlatformAPI

@Suite(.postgres)
struct ProgramTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Tool {
        try Tool.run(
            Checkout.program("cortina-api"), arguments, in: Checkout.root, environment: environment)
    }

    /// Runs a server on a data folder as long as `body` takes, then interrupts it; gives back how it ended.
    private func serve(_ body: (Client) async throws -> Void) async throws -> Int32 {
        let server = try await Server.start(data: scratch.path("data"))
        defer { server.end() }
        try await body(server.client)
        return await server.interrupt()
    }

    @Test("one command brings everything up; interrupted, it leaves nothing running, and started again all is there")
    func embedded() async throws {
        var token = ""
        let first = try await serve { client in
            let health = try await client.send("GET", "/api/health")
            #expect(health.status == 200)
            token = try await client.join("anna").token
        }
        #expect(first == 0)
        let running = try Tool.run("pgrep", ["-f", scratch.path("data")])
        #expect(running.output.isEmpty)
        let second = try await serve { client in
            let profile = try await client.send("GET", "/api/auth/profile", as: token)
            #expect(profile.status == 200 && profile["first_name"] == "anna")
        }
        #expect(second == 0)
        let key = try FileManager.default.attributesOfItem(atPath: scratch.path("data/token.key"))
        #expect(key[.posixPermissions] as? Int == 0o600)
    }

    @Test("told to end, a server ends soon whatever its clients do, and what a killed one was sent leaves nothing")
    func ending() async throws {
        let folder = scratch.path("tmp")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for isKilled in [false, true] {
            let server = try await Server.start(
                data: scratch.path("data"), environment: ["HTTP_SHUTDOWN": "2", "TMPDIR": folder])
            defer { server.end() }
            let name = isKilled ? "berta" : "anna"
            let token = try await server.client.join(name).token
            // One reads nothing, one stalls in a form, one in a signed upload, one watches.
            let begun = try await server.client.send(
                "POST", "/api/videos/uploads",
                ["title": "T", "file_name": "a.mp4", "size_bytes": 1_000_000, "content_type": "video/mp4"], as: token)
            let url: String = try #require(begun["upload.url"])
            let address = try #require(URL(string: url))
            let id: Int = try #require(begun["video_id"])
            let authorization = "Host: x\r\nAuthorization: Bearer \(token)"
            let requests = [
                "POST /api/videos/upload HTTP/1.1\r\n\(authorization)\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 500000\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"video_file\"; filename=\"a.mp4\"\r\n\r\n\(String(repeating: "a", count: 50_000))",
                "PUT \(address.path)?\(address.query ?? "") HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\nContent-Length: 1000000\r\n\r\n\(String(repeating: "a", count: 50_000))",
                "GET /api/videos/\(id)/events HTTP/1.1\r\n\(authorization)\r\n\r\n",
                "GET /api/openapi.json HTTP/1.1\r\nHost: x\r\n",
            ]
            let clients = try requests.map { request in
                let client = try RawConnection(server.client.url)
                client.send(request)
                return client
            }
            _ = await clients[2].receive(until: "event: status")
            let unfinished = server.data + "/store/unfinished"
            while try FileManager.default.contentsOfDirectory(atPath: unfinished).isEmpty {
                try await Task.sleep(for: .milliseconds(10))
            }
            if isKilled {
                server.end()
                #expect(
                    try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("cortina-") }
                        .isEmpty)
                let store = try LocalObjectStore(folder: server.data + "/store", base: "/", key: .init(size: .bits256))
                try await store.sweep(olderThan: .seconds(86400), at: Date(timeIntervalSinceNow: 3601))
            } else {
                #expect(await server.interrupt() == 0)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: unfinished).isEmpty)
            for client in clients { client.send("x") }
        }
    }

    @Test("a process that may open few files goes on to answer, whoever holds connections, and says so once")
    func fewFiles() async throws {
        let server = try await Server.start(data: scratch.path("data"), openFiles: 256)
        defer { server.end() }
        let held = try (0..<200).map { _ in try RawConnection(server.client.url) }
        for _ in 0..<5 { #expect(try await server.client.send("GET", "/api/health").status == 200) }
        withExtendedLifetime(held) {}
        #expect(await server.interrupt() == 0)
        let log = try String(contentsOfFile: server.data + ".log", encoding: .utf8)
        #expect(log.components(separatedBy: "connections are at their limit").count == 2)
    }

    @Test("a schema is brought up to date by a command, and nothing is served before")
    func migrating() async throws {
        let database = try await Postgres.database()
        let environment = [
            "DATABASE_HOST": database.host, "DATABASE_NAME": database.database, "DATABASE_USER": database.user,
        ]
        let early = try run(["serve", "--data", scratch.path("data"), "--port", "0"], environment: environment)
        #expect(early.status == 64 && early.errors.contains("001_create_user_table.sql"), "\(early.errors)")
        let first = try run(["migrate"], environment: environment)
        #expect(first.status == 0 && first.output.hasPrefix("applied 001_create_user_table.sql\n"), "\(first.errors)")
        let second = try run(["migrate"], environment: environment)
        #expect(second.status == 0 && second.output == "the schema is up to date\n")
        // A file says the same; the environment comes first.
        let file = scratch.path("settings.json")
        let settings = ["database": ["host": database.host, "name": "absent", "user": database.user]]
        try JSONSerialization.data(withJSONObject: settings).write(to: URL(filePath: file))
        let named = ["DATABASE_NAME": database.database]
        #expect(try run(["migrate", "--settings", file], environment: named).status == 0)
        #expect(try run(["migrate", "--settings", file]).status != 0)
    }

    @Test("an operator says which versions uploads get and who may use which, and has videos made again")
    func operating() async throws {
        let database = try await Postgres.database()
        let environment = [
            "DATABASE_HOST": database.host, "DATABASE_NAME": database.database, "DATABASE_USER": database.user,
        ]
        func operate(_ line: String) throws -> Tool {
            try run(line.split(separator: " ").map(String.init), environment: environment)
        }
        #expect(try operate("migrate").status == 0)
        let pool = ConnectionPool(database)
        let user = try await UserRepository(pool).add(
            .init(
                firstName: "Anna", lastName: "Test", email: "anna@example.com", emailKey: "anna@example.com",
                passwordHash: "-", city: "Lima",
                country: "Peru"))
        let anna = try #require(user)
        let before = try operate("pipelines")
        #expect(before.output.contains("showcase@3  default\n") && before.output.contains("showcase@2\n"), "\(before)")
        #expect(try operate("pipelines default showcase@2").output == "showcase is showcase@2\n")
        #expect(try operate("pipelines default showcase@3 --percent 10").status == 0)
        #expect(try operate("pipelines access interview --named --allow ANNA@example.com").status == 0)
        let after = try operate("pipelines list").output
        for line in ["showcase@2  default\n", "showcase@3  10 %\n", "interview@1  default  only anna@example.com\n"] {
            #expect(after.contains(line), "\(after)")
        }
        #expect(try operate("pipelines access interview --forbid anna@example.com").status == 0)
        #expect(try operate("pipelines").output.contains("interview@1  default  only nobody\n"))
        #expect(try operate("pipelines access interview --everybody").status == 0)
        #expect(try operate("pipelines").output.contains("interview@1  default\n"))
        for line in [
            "pipelines default showcase", "pipelines default showcase@99", "pipelines default showcase@2 --percent 0",
            "pipelines default showcase@1 --percent 5", "pipelines access nothing --named",
            "pipelines access interview --named --allow nobody@example.com", "pipelines access interview",
            "reprocess showcase --with showcase@3",
            "reprocess 1 --with showcase@3", "reprocess showcase@2 --with showcase@99",
        ] {
            let refused = try operate(line)
            #expect(refused.status == 64 && refused.errors.hasPrefix("Error: "), "\(line): \(refused)")
        }

        // What one version has made is made again with another, after those who wait for their first time.
        let (videos, jobs) = (VideoRepository(pool), JobRepository(pool))
        func upload(_ pipeline: PinnedPipeline) async throws -> VideoID {
            let video = try await videos.add(
                by: anna.id, title: "A rally", isPublic: false,
                .init(
                    key: "uploaded/\(Int.random(in: 0...Int.max))", fileName: "a.mp4", contentType: "video/mp4",
                    bytes: 1), with: pipeline)
            _ = try await videos.accept(video.id, bytes: 1)
            return video.id
        }
        let catalog = try PipelineCatalog(folder: Checkout.file("pipelines/published"))
        let (second, third) = try (
            #require(catalog.pipeline("showcase", version: 2)), #require(catalog.pipeline("showcase", version: 3))
        )
        var made: [VideoID] = []
        for pipeline in [second, second, third] {
            made.append(try await upload(pipeline))
            let job = try #require(try await jobs.claim(for: .seconds(60)))
            _ = try await jobs.finish(job, with: .init(processedKey: "processed/\(job.id)", posterKey: nil))
        }
        #expect(try operate("reprocess showcase@2 --with showcase@3").output == "2 to be made again with showcase@3\n")
        #expect(try operate("reprocess showcase@2 --with showcase@3").output == "0 to be made again with showcase@3\n")
        #expect(try operate("reprocess \(made[2]) --with showcase@2").status == 0)
        let new = try await upload(third)
        var order: [VideoID] = []
        while let job = try await jobs.claim(for: .seconds(60)) {
            order.append(job.video)
            #expect(job.pipeline == (job.video == made[2] ? second : third))
        }
        #expect(order == [made[2], new, made[0], made[1]])
    }

    @Test("what is missing or wrong in the settings is said, and a secret never is")
    func settings() throws {
        let missing = try run(["migrate"])
        #expect(missing.status == 64 && missing.errors.contains("DATABASE_HOST must be set"))
        let alone = try run(["serve", "--embedded"])
        #expect(alone.status == 64 && alone.errors.contains("--data"))
        let absent = try run(["migrate", "--settings", scratch.path("absent.json")])
        #expect(absent.status == 64 && absent.errors.contains("cannot be read"))
        let file = scratch.path("odd.json")
        for (json, words) in [
            (#"{"DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": -1}"#, "DATABASE_PORT must be a whole number above 0"),
            (#"{"database": {"host": "127.0.0.1", "port": 0}}"#, "DATABASE_PORT must be a whole number above 0"),
            (#"{"DATABASE_HOTS": "127.0.0.1"}"#, "'DATABASE_HOTS'"), (#"{"DATABASE_HOST": ["a"]}"#, "must be a string"),
            ("[]", "cannot be read"),
        ] {
            try json.write(toFile: file, atomically: true, encoding: .utf8)
            let odd = try run(["migrate", "--settings", file])
            #expect(odd.status == 64 && odd.errors.contains(words), "\(odd.errors)")
        }
        let secrets = ["DATABASE_PASSWORD": "hunter2", "DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": "1"]
        let unreachable = try run(["migrate"], environment: secrets)
        #expect(unreachable.status != 0 && !(unreachable.errors + unreachable.output).contains("hunter2"))
        let help = try run(["--help"]).output
        for setting in ["DATABASE_HOST", "STORE_BUCKET", "TOKEN_KEYS"] { #expect(help.contains(setting)) }
    }
}
