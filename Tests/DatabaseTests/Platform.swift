import GraphDSL
import PlatformSupport
import TestSupport

@testable import Database

/// A migrated database with its repositories, and rows that tests need.
struct Platform {
    let settings: DatabaseSettings
    let pool: ConnectionPool
    let users: UserRepository
    let videos: VideoRepository
    let votes: VoteRepository
    let rankings: RankingRepository
    let jobs: JobRepository

    init(connections: Int = 8) async throws {
        settings = try await Postgres.database()
        try await Migrator(Migration.all(in: Checkout.file("migrations"))).migrate(settings)
        pool = ConnectionPool(settings, limits: .init(connections: connections, waiting: .seconds(600)))
        users = UserRepository(pool)
        videos = VideoRepository(pool)
        votes = VoteRepository(pool)
        rankings = RankingRepository(pool)
        jobs = JobRepository(pool)
    }

    static func pipeline(_ version: Int = 1) -> PinnedPipeline {
        PinnedPipeline(
            name: "showcase", version: version,
            digest: ContentDigest(digits: Array(repeating: UInt8(version), count: 32)))
    }

    func user(_ name: String, city: String = "Lima", country: String = "Peru") async throws -> User {
        let user = try await users.add(
            .init(
                firstName: name, lastName: "Test", email: "\(name)@example.com", emailKey: "\(name)@example.com",
                passwordHash: "hash of \(name)", city: city, country: country))
        guard let user else { throw DatabaseError.fault("\(name) is there already") }
        return user
    }

    func upload(by owner: User, _ title: String = "A clip", isPublic: Bool = true) async throws -> Video {
        let key = "uploaded/\(owner.id)-\(title)-\(Int.random(in: 0...Int.max))"
        return try await videos.add(
            by: owner.id, title: title, isPublic: isPublic,
            .init(key: key, fileName: "clip.mp4", contentType: "video/mp4", bytes: 1000), with: Self.pipeline())
    }

    /// A video that was made.
    func video(by owner: User, _ title: String = "A clip", isPublic: Bool = true) async throws -> Video {
        let video = try await upload(by: owner, title, isPublic: isPublic)
        _ = try await videos.accept(video.id, bytes: 1000)
        guard let job = try await jobs.claim(for: .seconds(3600)) else { throw DatabaseError.fault("no job") }
        _ = try await jobs.finish(job, with: .init(processedKey: "processed/\(video.id)", posterKey: nil))
        return try await videos.video(video.id) ?? video
    }
}
