import Database
import FoundationEssentials
import GraphDSL
import Hummingbird
import Logging
import Storage

/// `/api/videos`: how a file comes to be a video. The file goes straight to the store.
struct UploadRoutes: Sendable {
    let videos: VideoRepository
    let store: any ObjectStore
    let choice: PipelineChoice
    let inspection: Inspection
    let own: VideoRoutes
    let slots: UploadSlots

    /// How long a signed address for writing is of use, in seconds.
    private static let lifetime = 3600

    func add(to router: RouterGroup<APIContext>) {
        router.post("uploads", use: begin).post(":id/complete", use: complete).post(":id/reprocess", use: reprocess)
    }

    // MARK: Beginning

    private struct Begin: Decodable {
        var title, fileName, contentType, pipeline: String?
        var isPublic: Bool?
        var sizeBytes: Int64?
    }

    private struct Begun: Encodable {
        var videoId: Int
        var upload: Upload
        var pipeline: VideoBody.Pipeline
    }

    private struct Upload: Encodable {
        var method: String?
        var url: String?
        var headers: [String: String]?
        var parts: [Part]?
        var expiresAt: Date
    }

    private struct Part: Encodable {
        var number: Int
        var method, url: String
        var headers: [String: String]
    }

    private func begin(_ request: Request, _ context: APIContext) async throws -> Response {
        let user = try await own.authenticator.user(request)
        let sent = try await JSON.read(Begin.self, from: request)
        var fields = Fields()
        let title = fields.text("title", sent.title)
        let name = fields.text("file_name", sent.fileName)
        let type = mediaType(sent.contentType, &fields)
        let bytes = size(sent.sizeBytes, &fields)
        let pipeline = try await choice.pipeline(sent.pipeline, for: user.id, &fields)
        try fields.check()
        guard let type, let pipeline else { throw APIError.fault }

        try await videos.check(own.quota, of: user.id, bytes: Int(bytes))
        let key = ObjectKey.random(in: .uploaded, type)
        let (upload, parts) = try await upload(key, bytes)
        let video: Video
        do {
            video = try await videos.add(
                by: user.id, title: title, isPublic: sent.isPublic ?? false,
                .init(key: key.description, fileName: name, contentType: type.rawValue, bytes: Int(bytes)),
                with: pipeline, inParts: parts?.name, within: own.quota)
        } catch {
            if let parts { try? await store.abandon(parts) }
            throw error
        }
        return try JSON.response(
            Begun(videoId: video.id.rawValue, upload: upload, pipeline: .init(pipeline)), status: .created)
    }

    private func mediaType(_ text: String?, _ fields: inout Fields) -> Storage.MediaType? {
        let type = text.flatMap { Storage.MediaType(rawValue: $0.lowercased()) }
        guard let type, inspection.policy.types.contains(type) else {
            fields.refuse("content_type", "must be one of \(inspection.policy.typeNames)")
            return nil
        }
        return type
    }

    private func size(_ bytes: Int64?, _ fields: inout Fields) -> Int64 {
        guard let bytes, bytes > 0, bytes <= inspection.policy.bytes else {
            fields.refuse("size_bytes", "must be from 1 to \(inspection.policy.bytes)")
            return 0
        }
        return bytes
    }

    /// The signed requests of an upload, and the store's id of a multipart upload.
    private func upload(_ key: ObjectKey, _ bytes: Int64) async throws -> (Upload, PartedUpload.ID?) {
        let now = Date()
        guard bytes > PartedUpload.partBytes else {
            let request = try await store.upload(key, bytes: bytes, for: Self.lifetime, at: now)
            let upload = Upload(
                method: request.method, url: request.url, headers: request.headers, expiresAt: request.expires)
            return (upload, nil)
        }
        let parted = try await store.uploadInParts(key, bytes: bytes, for: Self.lifetime, at: now)
        let parts = parted.parts.enumerated().map { index, part in
            Part(number: index + 1, method: part.method, url: part.url, headers: part.headers)
        }
        return (Upload(parts: parts, expiresAt: now + Double(Self.lifetime)), parted.id)
    }

    // MARK: Completing

    private func complete(_ request: Request, _ context: APIContext) async throws -> Response {
        let video = try await own.own(request, context)
        // Whoever asks twice is told the same.
        guard video.status == .pendingUpload else { return try JSON.response(try await own.body(video)) }
        guard let key = ObjectKey(video.original.key) else { throw APIError.fault }
        let file = try await arrived(video, key)
        let refusals = try await slots.run(for: context.address) {
            try await inspection.refusals(
                try await store.source(key, matching: file.tag, at: Date()), file.bytes, in: context)
        }
        guard refusals.isEmpty else {
            try await videos.refuse(video.id, .refused(refusals))
            throw APIError(.unprocessableContent, "refused", "This file is not taken.", fields: refusals)
        }
        _ = try await videos.accept(video.id, bytes: Int(file.bytes), tag: file.tag)
        guard let accepted = try await videos.video(video.id) else { throw APIError.notFound }
        return try JSON.response(try await own.body(accepted))
    }

    /// The file as the store has it.
    ///
    /// - Throws: ``APIError`` where it is not there.
    private func arrived(_ video: Video, _ key: ObjectKey) async throws -> ObjectInfo {
        if let name = video.uploadName, try await store.info(key) == nil {
            do {
                try await store.finish(.init(key: key, name: name, bytes: Int64(video.original.bytes)))
            } catch {
                // Somebody who completes it at the same time may have finished it.
                if let info = try await store.info(key) { return info }
                guard case .refused(let reason) = error else { throw error }
                throw APIError(.conflict, "not_uploaded", "The file is not all there: \(reason).")
            }
        }
        guard let info = try await store.info(key) else {
            throw APIError(.conflict, "not_uploaded", "The file is not there yet.")
        }
        return info
    }

    // MARK: Again

    private struct Reprocess: Decodable { var pipeline: String? }

    private func reprocess(_ request: Request, _ context: APIContext) async throws -> Response {
        let video = try await own.own(request, context)
        let sent = try await JSON.read(Reprocess.self, from: request)
        var fields = Fields()
        let pipeline = try await choice.pipeline(sent.pipeline ?? "", for: video.owner, &fields)
        try fields.check()
        guard let pipeline else { throw APIError.fault }
        guard try await videos.reprocess(video.id, of: video.owner, with: pipeline, within: own.quota) != nil else {
            throw APIError(.conflict, "not_now", "The video is not made yet, or is being made at the moment.")
        }
        return try JSON.response(try await own.body(video), status: .accepted)
    }
}
