import CoreMetrics
import Crypto
@testable import Database
import Foundation
import GraphDSL
import Logging
import MediaProcess
import PlatformSupport
import Runner
import Stages
import Storage
import TestSupport
import Testing

@testable import Worker

/// A database, a store and published pipelines that workers work with.
struct Workshop: Sendable {
    let pool: ConnectionPool
    let videos: VideoRepository
    let jobs: JobRepository
    let store: LocalObjectStore
    let queue: PostgresJobQueue
    private let owner: UserID
    private let scratch: Scratch

    init(lease: Duration = .seconds(600)) async throws {
        let settings = try await Postgres.database()
        try await Migrator(Migration.all(in: Checkout.file("migrations"))).migrate(settings)
        pool = ConnectionPool(settings, limits: .init(waiting: .seconds(120)))
        videos = VideoRepository(pool)
        jobs = JobRepository(pool)
        scratch = try Scratch()
        store = try LocalObjectStore(folder: scratch.path("store"), base: "/", key: SymmetricKey(size: .bits256))
        queue = PostgresJobQueue(pool, settings, lease: lease)
        let user = try await UserRepository(pool).add(
            .init(
                firstName: "Anna", lastName: "Test", email: "anna@example.com", emailKey: "anna@example.com",
                passwordHash: "-", city: "Lima",
                country: "Peru"))
        owner = try #require(user).id
        try FileManager.default.createDirectory(atPath: scratch.path("pipelines"), withIntermediateDirectories: true)
    }

    /// A pipeline that takes a moment, published.
    func publish(_ version: Int) throws -> PinnedPipeline {
        let manifest = try Pipeline("small", version: version, summary: "A test") {
            Scale(to: .size(PictureSize(width: 160, height: 90)))
            StripAudio()
        } output: {
            MP4(video: .h264(preset: .ultrafast, alwaysEncodes: true), frameRate: 30)
        }.compile(assets: AssetCatalog()).manifest
        let json = manifest.canonicalJSON
        try json.write(to: URL(filePath: scratch.path("pipelines/small@\(version).json")))
        return PinnedPipeline(name: "small", version: version, digest: ContentDigest(of: json))
    }

    /// Where the store's objects lie.
    var folder: String { scratch.path("store/objects") }

    /// A worker.
    func worker(
        _ queue: (any JobQueue)? = nil, program: String = "cortina-media", limits: Limits = Limits(),
        metrics: any MetricsFactory = NOOPMetricsHandler.instance
    ) -> Worker {
        Worker(
            queue ?? self.queue, store: store,
            folders: .init(
                pipelines: PublishedFolder(path: scratch.path("pipelines")), assets: Checkout.assets,
                scratch: scratch.path("scratch")),
            cache: AssetCache(path: scratch.path("cache")),
            media: MediaProcesses(
                program: Checkout.program(program), width: 8, logger: Self.logger),
            limits: limits, metrics: metrics, logger: Self.logger)
    }

    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A video whose file is there.
    func upload(
        _ file: String, for pipeline: PinnedPipeline, named name: String = "rally.mp4"
    ) async throws -> VideoID {
        let key = ObjectKey.random(in: .uploaded, .mp4)
        try await store.put(file, as: key)
        let video = try await videos.add(
            by: owner, title: "A rally", isPublic: false,
            .init(key: key.description, fileName: name, contentType: "video/mp4", bytes: 1000), with: pipeline)
        _ = try #require(try await videos.accept(video.id, bytes: 1000))
        return video.id
    }

    func video(_ id: VideoID) async throws -> Video { try #require(try await videos.video(id)) }

    /// What lies in the store that was made.
    func results() async throws -> Set<String> {
        Set(try await store.list(.processed, after: nil).map(\.key.description))
    }

    /// Whether nothing of a job is left beside the store.
    func isTidy() throws -> Bool {
        let names = FileManager.default.enumerator(atPath: scratch.path("scratch"))?.compactMap { $0 as? String } ?? []
        // A worker's own folder and its lock, with nothing in it.
        return names.allSatisfy { !$0.contains("/") }
    }
}
