import Database
import FoundationEssentials
import Hummingbird
import Logging
import Storage

/// `/api/videos`: somebody's own videos.
struct VideoRoutes: Sendable {
    let videos: VideoRepository
    let store: any ObjectStore
    let authenticator: Authenticator
    let list: PublicVideos
    let quota: Quota

    func add(to router: RouterGroup<APIContext>) {
        router.get(use: all).get(":id", use: get).patch(":id", use: change).delete(":id", use: delete)
    }

    private func all(_ request: Request, _ context: APIContext) async throws -> Response {
        let user = try await authenticator.user(request)
        var query = Query(request)
        // Without a size all of them come, as older clients expect: a person has no more than the quota.
        let page = query.page(size: min(quota.videos, Self.mostOnPage))
        try query.check()
        let found = try await videos.videos(of: user.id, page)
        var bodies: [VideoBody] = []
        for video in found.elements { bodies.append(try await body(video)) }
        var response = try JSON.response(bodies)
        response.headers[.totalCount] = "\(found.total)"
        response.headers[.link] = query.links(page, of: found.total)
        return response
    }

    /// The most videos on a page without a size.
    private static let mostOnPage = 10_000

    private func get(_ request: Request, _ context: APIContext) async throws -> Response {
        try JSON.response(try await body(try await own(request, context)))
    }

    /// The video that a path names.
    ///
    /// - Throws: ``APIError/notFound``; ``APIError/forbidden`` where it is not the sender's.
    func own(_ request: Request, _ context: APIContext) async throws -> Video {
        try await own(try await authenticator.user(request), context)
    }

    /// The same for a sender who is known.
    func own(_ user: User, _ context: APIContext) async throws -> Video {
        guard let video = try await videos.video(try context.video()) else { throw APIError.notFound }
        guard video.owner == user.id else { throw APIError.forbidden }
        return video
    }

    func body(_ video: Video) async throws -> VideoBody {
        var body = VideoBody(video)
        body.originalURL = try await address(video.original.key)
        body.processedURL = try await address(video.processedKey)
        body.posterURL = try await address(video.posterKey)
        return body
    }

    private func address(_ key: String?) async throws -> String? {
        guard let key = key.flatMap({ ObjectKey($0) }) else { return nil }
        return try await store.download(key, for: PublicVideoRoutes.lifetime, at: Date()).url
    }

    private struct Change: Decodable {
        var title: String?
        var isPublic: Bool?
    }

    private func change(_ request: Request, _ context: APIContext) async throws -> Response {
        let video = try await own(request, context)
        let sent = try await JSON.read(Change.self, from: request)
        var fields = Fields()
        let title = sent.title.map { fields.text("title", $0) }
        if title == nil, sent.isPublic == nil { fields.refuse("title", "or is_public must be there") }
        try fields.check()
        guard let changed = try await videos.change(video.id, title: title, isPublic: sent.isPublic) else {
            throw APIError.notFound
        }
        list.forget()
        return try JSON.response(try await body(changed))
    }

    private func delete(_ request: Request, _ context: APIContext) async throws -> Response {
        let video = try await own(request, context)
        guard let keys = try await videos.delete(video.id) else {
            throw APIError(.forbidden, "public", "A public video is not deleted; make it private first.")
        }
        // What cannot be removed now, the sweep of orphans removes.
        if let name = video.uploadName, let key = ObjectKey(video.original.key) {
            let upload = PartedUpload.ID(key: key, name: name, bytes: Int64(video.original.bytes))
            do { try await store.abandon(upload) } catch {
                context.logger.warning("parts were not removed", metadata: ["key": "\(key)", "error": "\(error)"])
            }
        }
        for key in keys.compactMap({ ObjectKey($0) }) {
            do { try await store.remove(key) } catch {
                context.logger.warning("an object was not removed", metadata: ["key": "\(key)", "error": "\(error)"])
            }
        }
        return Response(status: .noContent)
    }
}
