import Database
import FoundationEssentials
import Hummingbird
import JWTKit
import NIOCore
import ServiceLifecycle

/// `/api/videos/{id}/events`: what becomes of a video, as server-sent events (HTML, section 9.2).
struct EventRoutes: Sendable {
    let videos: VideoRepository
    let events: VideoEvents
    let own: VideoRoutes
    /// The most streams of one person, on this server.
    let streamLimit: Int

    func add(to router: RouterGroup<APIContext>) { router.get(":id/events", use: watch) }

    private func watch(_ request: Request, _ context: APIContext) async throws -> Response {
        let (user, claims) = try await own.authenticator.identity(request)
        let id = try await own.own(user, context).id
        guard let token = claims.token else { throw APIError.unauthorized }
        // Before looking: what happens meanwhile is not missed.
        let watched = events.watch(id)
        let lease = try events.open.open(by: user.id, with: token, limit: streamLimit) { watched.end() }
        guard let now = try await videos.states(of: [id]).first else { throw APIError.notFound }
        // The token may have been revoked after it was checked and before the stream was open here.
        guard try await !events.isRevoked(token) else { throw APIError.unauthorized }
        let body = ResponseBody { writer in
            defer { withExtendedLifetime(lease) {} }
            var stream = EventStream()
            try await writer.write(ByteBuffer(string: stream.text(now)))
            if !now.isFinal {
                // A server that is to end does not wait for who watches; they come again.
                try await withGracefulShutdownHandler {
                    try await Self.tell(watched.elements, until: claims.exp.value, as: &stream, to: &writer)
                } onGracefulShutdown: {
                    watched.end()
                }
            }
            try await writer.finish(nil)
        }
        // Proxies are not to collect it.
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream", .cacheControl: "no-store", .accelBuffering: "no"], body: body)
    }

    /// Tells what happens until nothing more will, or the token has expired.
    private static func tell(
        _ events: AsyncStream<VideoEvents.Event>, until expiry: Date, as stream: inout EventStream,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        for await event in events {
            // There is an event every 15 seconds at the least.
            if Date() >= expiry { return }
            switch event {
            case .silence: try await writer.write(ByteBuffer(string: EventStream.comment))
            case .state(nil): return
            case .state(let state?):
                let text = stream.text(state)
                if !text.isEmpty { try await writer.write(ByteBuffer(string: text)) }
                if state.isFinal { return }
            }
        }
    }
}

/// The events of one stream: what has not changed is not told again.
struct EventStream {
    private var status: Video.Status?
    private var progress: Double?

    /// A line that says nothing.
    static let comment = ":\n\n"

    /// What is to be told of a state, nothing where all of it is known.
    mutating func text(_ state: VideoState) -> String {
        var text = ""
        // A video that is made again is what it was until that is done.
        let told = state.progress != nil && state.status != .uploaded ? .processing : state.status
        if told != status { text += Self.event("status", #"{"status":"\#(told.rawValue)"}"#) }
        if let reached = state.progress, reached != progress {
            text += Self.event("progress", #"{"progress":\#(reached)}"#)
        }
        (status, progress) = (told, state.progress)
        guard state.isFinal else { return text }
        if state.status == .processed { return text + Self.event("done", #"{"video_id":\#(state.id)}"#) }
        struct Failure: Encodable { var code, message: String }
        let failure = Failure(code: state.failure?.code ?? "failed", message: state.failure?.message ?? "")
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings alone: they can be encoded, and what is encoded has no line's end.
        let json = (try? encoder.encode(failure)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
        return text + Self.event("failed", json)
    }

    private static func event(_ name: String, _ data: String) -> String { "event: \(name)\ndata: \(data)\n\n" }
}
