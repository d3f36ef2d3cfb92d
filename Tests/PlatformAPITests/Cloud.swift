import Database
import Foundation
import GraphDSL
import LibAV
import Logging
import PlatformSupport
import Storage
import TestSupport
import Testing
import Transfer

@testable import PlatformAPI

/// What stands in for AWS, with a bucket and a queue, and a database.
struct Cloud {
    let server: AWSServer
    let pool: ConnectionPool
    let videos: VideoRepository
    let store: S3ObjectStore
    let queue: SQSQueue
    /// Where messages go that were received too often.
    let deadLetters: SQSQueue
    let announcer: JobAnnouncer
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    /// The queue's.
    let address: String
    /// What a worker there is told.
    let environment: [String: String]
    private let owners: [UserID]

    /// - Parameters:
    ///   - receptions: how often a message is received before it goes to the dead letters.
    ///   - delay: how long a message is on its way, in seconds.
    init(receptions: Int = 3, delay: Int = 0) async throws {
        let database = try await Postgres.database()
        try await Migrator(Migration.all(in: Checkout.file("migrations"))).migrate(database)
        let server = try AWSServer()
        (self.server, pool) = (server, ConnectionPool(database, limits: .init(waiting: .seconds(120))))
        try server.makeBucket("videos")
        let credentials = StaticCredentials(AWSCredentials(accessKeyID: "key", secretAccessKey: "secret"))
        store = S3ObjectStore(
            S3Settings(bucket: "videos", region: "us-east-1", endpoint: server.endpoint), credentials: credentials)
        deadLetters = SQSQueue(url: try server.makeQueue("dead"), region: "us-east-1", credentials: credentials)
        let attributes = [
            "RedrivePolicy":
                #"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:dead","maxReceiveCount":"\#(receptions)"}"#,
            "DelaySeconds": "\(delay)",
        ]
        address = try server.makeQueue("jobs", attributes)
        queue = SQSQueue(url: address, region: "us-east-1", credentials: credentials)
        announcer = JobAnnouncer(database: pool, queue: queue, logger: logger)
        videos = VideoRepository(pool)
        environment = [
            "DATABASE_HOST": database.host, "DATABASE_NAME": database.database, "DATABASE_USER": database.user,
            "STORE_BUCKET": "videos", "STORE_ENDPOINT": server.endpoint, "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
        ]

        var owners: [UserID] = []
        for name in ["anna", "berta"] {
            let user = try await UserRepository(pool).add(
                .init(
                    firstName: name, lastName: "Test", email: "\(name)@example.com", emailKey: "\(name)@example.com",
                    passwordHash: "-", city: "Lima", country: "Peru"))
            owners.append(try #require(user).id)
        }
        self.owners = owners
    }

    /// A video of one person and then of the other, whose file is in the store, and whose job waits: the queue is told of ten of a person's jobs at a time.
    func upload(_ file: String) async throws -> VideoID {
        let key = ObjectKey.random(in: .uploaded, .mp4)
        try await store.put(file, as: key)
        let manifest = try #require(
            FileManager.default.contents(atPath: Checkout.file("pipelines/published/showcase@3.json")))
        let count: Int = try await pool.withConnection {
            try await $0.query(Statement("SELECT count(*) AS n FROM videos"))
        }[0]["n"]
        let video = try await videos.add(
            by: owners[count % owners.count], title: "A rally", isPublic: false,
            .init(key: key.description, fileName: "rally.mp4", contentType: "video/mp4", bytes: 1000),
            with: PinnedPipeline(name: "showcase", version: 3, digest: ContentDigest(of: manifest)))
        _ = try #require(try await videos.accept(video.id, bytes: 1000))
        return video.id
    }

    /// Has the API tell the queue of its jobs; gives back what was told, as SQS hands it to a function.
    func records() async throws -> [[String: Any]] {
        while try await announcer.announce() > 0 {}
        return try await queue.receive(10, waiting: .zero, hidingFor: .seconds(600)).map { message in
            [
                "messageId": message.id, "receiptHandle": message.handle, "body": message.body,
                "attributes": ["ApproximateReceiveCount": "\(message.receiveCount)"],
                "eventSource": "aws:sqs", "awsRegion": "us-east-1",
            ]
        }
    }

    /// Whether nothing is left to receive.
    func isDrained() async throws -> Bool {
        let depth = try await queue.depth()
        return depth.waiting + depth.hidden == 0
    }

    /// What workers' sessions are called that the database has.
    func sessions() async throws -> [String] {
        try await pool.withConnection { connection in
            try await connection.query(
                Statement(
                    """
                    SELECT DISTINCT application_name AS name FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name LIKE 'cortina-worker%'
                    """)
            ).map { try $0["name"] }
        }
    }

    func video(_ id: VideoID) async throws -> Video { try #require(try await videos.video(id)) }
}
