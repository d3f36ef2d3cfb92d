import CoreMetrics
import Crypto
import Database
import Foundation
import GraphDSL
import Hummingbird
import LibAV
import Logging
import MediaProcess
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
    let client: Client
    let events: VideoEvents
    let connections: ConnectionTable
    let logger: Logger
    /// Where it answers.
    let url: String
    /// What it answers: `GET /api/x`.
    let routes: [String]

    static let settings = {
        var settings = API.Settings(tokenKeys: [("test", Array("a secret of 32 bytes and no more".utf8))])
        // However busy the machine is.
        settings.patience = .seconds(120)
        return settings
    }()

    /// Runs one for as long as `body` takes.
    static func run(
        _ settings: API.Settings = settings,
        withoutDatabase isAlone: Bool = false, metrics: any MetricsFactory = NOOPMetricsHandler.instance,
        _ body: (Platform) async throws -> Void
    ) async throws {
        let scratch = try Scratch()
        var database = try await Postgres.database()
        try await Migrator(Migration.all(in: Checkout.file("migrations"))).migrate(database)
        if isAlone { database.host = scratch.path("nowhere") }
        let pool = ConnectionPool(database, limits: .init(waiting: .seconds(120)))
        let store = try LocalObjectStore(
            folder: scratch.path("store"), base: "/store/", key: SymmetricKey(size: .bits256))
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let events = VideoEvents(pool, database)
        let media = MediaProcesses(
            program: Checkout.program("cortina-media"), width: 2, keepsSpare: false, logger: logger)
        let api = try await API(
            settings,
            database: .init(
                general: pool,
                vital: ConnectionPool(database, limits: .init(connections: 4, waiting: .seconds(120))),
                searches: ConnectionPool(database, limits: .init(connections: 2, waiting: .seconds(120)))),
            store: store,
            pipelines: PipelineCatalog(folder: Checkout.file("pipelines/published")), events: events, media: media,
            metrics: metrics, logger: logger)
        let router = api.router()
        let application = Application(
            router: router, server: api.server, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            services: [events],
            onServerRunning: { continuation.yield($0.localAddress?.port ?? 0) }, logger: logger)
        let server = Task { try await application.runService(gracefulShutdownSignals: []) }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        let platform = Platform(
            pool: pool, store: store, client: Client("http://127.0.0.1:\(port)"), events: events,
            connections: api.connections, logger: logger, url: "http://127.0.0.1:\(port)",
            routes: router.router.routes.map { "\($0.method) \($0.path)" })
        do { try await body(platform) } catch {
            server.cancel()
            throw error
        }
        server.cancel()
        _ = await server.result
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
        let job = try #require(try await jobs.claim(id, for: .seconds(3600)))
        _ = try await jobs.finish(job, with: .init(processedKey: keys[1].description, posterKey: keys[2].description))
        return video.id
    }
}
