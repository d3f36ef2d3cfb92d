import Crypto
import Database
import Foundation
import GraphDSL
import Hummingbird
import LibAV
import Logging
import PlatformSupport
import Storage
import TestSupport
import Testing
import Transfer

@testable import PlatformAPI

/// A platform that answers on a port of its own, and clients of it.
struct Platform: Sendable {
    let pool: ConnectionPool
    let store: LocalObjectStore
    let url: String
    private let clients = BlockingQueue("clients", width: 16)

    /// Runs one for as long as `body` takes.
    static func run(
        _ settings: API.Settings = .init(tokenKeys: [("test", Array("a secret of 32 bytes and no more".utf8))]),
        withoutDatabase isAlone: Bool = false, _ body: (Platform) async throws -> Void
    ) async throws {
        let scratch = try Scratch()
        var database = try await Postgres.database()
        try await Migrator(Migration.all(in: Checkout.file("migrations"))).migrate(database)
        if isAlone { database.host = scratch.path("nowhere") }
        let pool = ConnectionPool(database)
        let store = try LocalObjectStore(
            folder: scratch.path("store"), base: "/store/", key: SymmetricKey(size: .bits256))
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let application = Application(
            router: try await API(settings, database: pool, store: store).router(),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { continuation.yield($0.localAddress?.port ?? 0) }, logger: logger)
        let server = Task { try await application.runService(gracefulShutdownSignals: []) }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        let platform = Platform(pool: pool, store: store, url: "http://127.0.0.1:\(port)")
        do { try await body(platform) } catch {
            server.cancel()
            throw error
        }
        server.cancel()
        _ = await server.result
    }

    /// What was answered.
    struct Answer {
        var status: Int
        var headers: [String: String]
        var body: Any?

        /// A value of the body, by its path: `user.id`.
        subscript<Value>(path: String) -> Value? {
            var value = body
            for name in path.split(separator: ".") { value = (value as? [String: Any])?[String(name)] }
            return value as? Value
        }
    }

    /// Sends a request as somebody.
    func send(
        _ method: String, _ path: String, _ body: Any? = nil, as token: String? = nil, raw: String? = nil
    ) async throws -> Answer {
        var headers: [String: String] = [:]
        if let token { headers["Authorization"] = "Bearer \(token)" }
        var bytes = raw.map { Array($0.utf8) }
        if let body {
            headers["Content-Type"] = "application/json"
            bytes = Array(try JSONSerialization.data(withJSONObject: body))
        }
        let response = try await exchange(method, path, body: bytes, headers: headers)
        let json = try? JSONSerialization.jsonObject(with: Data(response.bytes))
        return Answer(status: response.status, headers: response.headers, body: json)
    }

    /// Sends a request as it is.
    func exchange(
        _ method: String, _ path: String, body: [UInt8]? = nil, headers: [String: String] = [:]
    ) async throws -> (status: Int, headers: [String: String], bytes: [UInt8]) {
        var request = Transfer.HTTPRequest(url: url + path)
        request.method = method
        request.followsRedirects = false
        request.headers = headers
        if let body { request.body = .bytes(body) }
        let response = try await clients.run { [request] cancellation in
            try HTTPClient().send(request, limit: 1 << 20, cancellation: cancellation)
        }
        return (response.status, response.headers, response.body)
    }

    static func person(_ name: String, city: String = "Lima", country: String = "Peru") -> [String: String] {
        [
            "first_name": name, "last_name": "Test", "email": "\(name)@example.com", "password1": "pass of \(name)",
            "password2": "pass of \(name)", "city": city, "country": country,
        ]
    }

    /// Makes an account and logs in.
    func join(_ name: String, city: String = "Lima", country: String = "Peru") async throws -> (id: Int, token: String)
    {
        let made = try await send("POST", "/api/auth/signup", Self.person(name, city: city, country: country))
        let login = ["email": "\(name)@example.com", "password": "pass of \(name)"]
        let known = try await send("POST", "/api/auth/login", login)
        return (try #require(made["id"]), try #require(known["token"]))
    }

    /// A video that was made, with its files in the store.
    func video(by owner: Int, _ title: String = "A rally", isPublic: Bool = true) async throws -> VideoID {
        let scratch = try Scratch()
        let file = scratch.path("clip")
        try Data("the clip".utf8).write(to: URL(filePath: file))
        let keys = [
            ObjectKey.random(in: .uploaded, .mp4), .random(in: .processed, .mp4), .random(in: .processed, .jpeg),
        ]
        for key in keys { try await store.put(file, as: key) }
        let videos = VideoRepository(pool)
        let jobs = JobRepository(pool)
        let video = try await videos.add(
            by: UserID(rawValue: owner), title: title, isPublic: isPublic,
            .init(key: keys[0].description, fileName: "clip.mp4", contentType: "video/mp4", bytes: 8),
            with: PinnedPipeline(name: "showcase", version: 3, digest: ContentDigest(of: Data())))
        let id = try #require(try await videos.accept(video.id, bytes: 8))
        let job = try #require(try await jobs.claim(id, for: .seconds(60)))
        _ = try await jobs.finish(job, with: .init(processedKey: keys[1].description, posterKey: keys[2].description))
        return video.id
    }
}
