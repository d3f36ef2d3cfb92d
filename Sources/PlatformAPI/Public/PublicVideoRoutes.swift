import Database
import FoundationEssentials
import Hummingbird
import Storage

/// `/api/public/videos`: what everybody may see, and vote for.
struct PublicVideoRoutes: Sendable {
    let videos: VideoRepository
    let votes: VoteRepository
    let store: any ObjectStore
    let authenticator: Authenticator
    let limits: RateLimits
    let list: PublicVideos

    /// How long a signed address for reading is of use, in seconds.
    static let lifetime = 900

    func add(to router: RouterGroup<APIContext>) {
        router.get("videos", use: show).get("videos/:id/stream", use: stream).get("videos/:id/poster", use: poster)
            .post("videos/:id/vote", use: vote).delete("videos/:id/vote", use: takeBack)
    }

    private func show(_ request: Request, _ context: APIContext) async throws -> Response {
        var query = Query(request)
        let page = query.page(size: 20)
        let filter = VideoRepository.Filter(city: query.text("city"), title: query.text("q"))
        let order: VideoRepository.Order = query.word("sort") ?? .recent
        try query.check()
        if !filter.isEmpty { try await limits.check(.search, by: context.address) }
        let found = try await list.page(page, order, filter)
        var response = JSON.response(encoded: found.body)
        response.headers[.totalCount] = "\(found.total)"
        response.headers[.link] = query.links(page, of: found.total)
        return response
    }

    private func stream(_ request: Request, _ context: APIContext) async throws -> Response {
        try await redirect(try await videos.publicVideo(try context.video())?.processedKey)
    }

    private func poster(_ request: Request, _ context: APIContext) async throws -> Response {
        try await redirect(try await videos.publicVideo(try context.video())?.posterKey)
    }

    private func redirect(_ key: String?) async throws -> Response {
        guard let key = key.flatMap({ ObjectKey($0) }) else { throw APIError.notFound }
        let signed = try await store.download(key, for: Self.lifetime, at: Date())
        return Response(status: .found, headers: [.location: signed.url, .cacheControl: "private, max-age=60"])
    }

    private struct Voted: Encodable {
        var success = true
        var message: String
        var videoID, userID: Int
        var votedAt: Date?
        var voteCount: Int
    }

    private func vote(_ request: Request, _ context: APIContext) async throws -> Response {
        let (user, video) = (try await authenticator.user(request), try context.video())
        try await limits.check(.vote, by: user.id.description)
        switch try await votes.vote(user.id, for: video) {
        case .counted(let date, let count):
            return try JSON.response(
                Voted(
                    message: "Your vote counts.", videoID: video.rawValue, userID: user.id.rawValue, votedAt: date,
                    voteCount: count), status: .created)
        case .already: throw APIError(.conflict, "already_voted", "You have voted for this video already.")
        case .noVideo: throw APIError.notFound
        }
    }

    private func takeBack(_ request: Request, _ context: APIContext) async throws -> Response {
        let (user, video) = (try await authenticator.user(request), try context.video())
        try await limits.check(.vote, by: user.id.description)
        guard let count = try await votes.takeBack(user.id, from: video) else {
            throw APIError(.notFound, "no_vote", "You have not voted for this video.")
        }
        return try JSON.response(
            Voted(
                message: "Your vote is taken back.", videoID: video.rawValue, userID: user.id.rawValue,
                voteCount: count))
    }
}
