import Database
import FoundationEssentials
import Hummingbird
import LibAV
import Storage

/// `/api/videos/upload`: a file and what goes with it in one form, through us. Older clients do so.
struct FormUploadRoutes: Sendable {
    let videos: VideoRepository
    let store: any ObjectStore
    let choice: PipelineChoice
    let inspection: Inspection
    let authenticator: Authenticator
    let quota: Quota
    let slots: UploadSlots
    private let own = Slots<UserID>()

    /// Maximum number of forms that a user sends at a time: each takes room on the disk.
    private static let concurrent = 3

    func add(to router: RouterGroup<APIContext>) { router.post("upload", use: upload) }

    private struct Uploaded: Encodable {
        var id: Int
        var title, status: String
        var isPublic: Bool
        var uploadedAt: Date
        var userId: Int
        var s3Key: String
    }

    private func upload(_ request: Request, _ context: APIContext) async throws -> Response {
        let user = try await authenticator.user(request)
        // Before a large body is read for nothing.
        let length = try FormUpload.length(request, limit: inspection.policy.bytes)
        try await videos.check(quota, of: user.id, bytes: length)
        guard let slot = own.take(user.id, limit: Self.concurrent) else {
            throw Quota.Exceeded.openUploads(Self.concurrent)
        }
        defer { withExtendedLifetime(slot) {} }
        return try await slots.run(for: context.address) { try await receive(request, user.id, context) }
    }

    private func receive(_ request: Request, _ user: UserID, _ context: APIContext) async throws -> Response {
        let form = try await FormUpload(request, limit: inspection.policy.bytes)
        var fields = Fields()
        let title = fields.text("title", form.fields["title"])
        let isPublic = isPublic(form.fields["is_public"], &fields)
        let pipeline = try await choice.pipeline(form.fields["pipeline"], for: user, &fields)
        let type = type(form.file, &fields)
        if form.file != nil, form.bytes == 0 { fields.refuse(FormUpload.fileField, "is empty") }
        try fields.check()
        guard let pipeline, let type else { throw APIError.fault }

        let refusals = try await inspection.refusals(try source(form.content), form.bytes, in: context)
        guard refusals.isEmpty else {
            throw APIError(
                .badRequest, "refused", "This file is not taken.",
                fields: [FormUpload.fileField: Video.Failure.words(refusals)])
        }
        let key = ObjectKey.random(in: .uploaded, type)
        let original = Video.Original(
            key: key.description, fileName: form.file?.fileName ?? "video.\(type.suffix)",
            contentType: type.rawValue, bytes: Int(form.bytes))
        // Known before it is there: a file that nobody knows of is an orphan.
        let video = try await videos.add(
            by: user, title: title, isPublic: isPublic, original, with: pipeline, within: quota)
        try await store.put(form.content.path, as: key)
        _ = try await videos.accept(
            video.id, bytes: Int(form.bytes), tag: try await store.info(key)?.tag)
        guard let accepted = try await videos.video(video.id) else { throw APIError.notFound }
        return try JSON.response(
            Uploaded(
                id: accepted.id.rawValue, title: accepted.title, status: accepted.status.rawValue,
                isPublic: accepted.isPublic, uploadedAt: accepted.uploadedAt ?? accepted.createdAt,
                userId: user.rawValue, s3Key: accepted.original.key), status: .created)
    }

    private func isPublic(_ text: String?, _ fields: inout Fields) -> Bool {
        switch text {
        case "true": return true
        case "false", nil: return false
        default:
            fields.refuse("is_public", "must be true or false")
            return false
        }
    }

    /// What the file is: as its part says, or as its name ends.
    private func type(_ file: MultipartParser.Header?, _ fields: inout Fields) -> Storage.MediaType? {
        guard let file else {
            fields.refuse(FormUpload.fileField, "is missing")
            return nil
        }
        let ending = file.fileName?.split(separator: ".").last?.lowercased()
        let type: Storage.MediaType?
        switch file.contentType {
        case nil, Storage.MediaType.other.rawValue: type = inspection.policy.types.first { $0.suffix == ending }
        case let said?: type = Storage.MediaType(rawValue: said)
        }
        guard let type, inspection.policy.types.contains(type) else {
            fields.refuse(FormUpload.fileField, "must be one of \(inspection.policy.typeNames)")
            return nil
        }
        return type
    }

    private func source(_ file: TemporaryFile) throws(APIError) -> FileByteSource {
        do { return try FileByteSource(path: file.path) } catch { throw .unavailable }
    }
}
