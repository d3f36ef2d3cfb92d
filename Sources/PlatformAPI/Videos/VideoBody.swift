import Database
import FoundationEssentials
import GraphDSL

/// A video, as clients see it.
struct VideoBody: Encodable {
    /// Which pipeline makes it.
    struct Pipeline: Encodable {
        var name: String
        var version: Int
        var digest: String

        init(_ pipeline: PinnedPipeline) {
            (name, version, digest) = (pipeline.name, pipeline.version, pipeline.digest.description)
        }
    }

    struct Failure: Encodable {
        var code, message: String
    }

    struct Player: Encodable {
        var firstName, lastName, city: String
    }

    var videoID: Int
    var title: String
    var status: String
    var isPublic: Bool
    var uploadedAt: Date
    var processedAt: Date?
    var originalURL: String?
    var processedURL: String?
    var posterURL: String?
    var votes: Int
    var pipeline: Pipeline
    var failure: Failure?
    var player: Player?

    /// A video as everybody sees it: its addresses lead on to signed ones.
    init(_ video: PublicVideo) {
        self.init(video.video)
        player = Player(
            firstName: video.player.firstName, lastName: video.player.lastName, city: video.player.city)
        failure = nil
        processedURL = "/api/public/videos/\(video.video.id)/stream"
        if video.video.posterKey != nil { posterURL = "/api/public/videos/\(video.video.id)/poster" }
    }

    /// A video without its addresses.
    init(_ video: Video) {
        videoID = video.id.rawValue
        title = video.title
        status = video.status.rawValue
        isPublic = video.isPublic
        uploadedAt = video.uploadedAt ?? video.createdAt
        processedAt = video.processedAt
        votes = video.votes
        pipeline = Pipeline(video.pipeline)
        failure = video.failure.map { Failure(code: $0.code, message: $0.message) }
    }
}
