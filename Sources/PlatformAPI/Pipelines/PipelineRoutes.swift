import Database
import FoundationEssentials
import GraphDSL
import Hummingbird
import NIOCore

/// `/api/pipelines`: what an upload can choose.
struct PipelineRoutes: Sendable {
    let choice: PipelineChoice
    let authenticator: Authenticator

    func add(to router: RouterGroup<APIContext>) {
        router.get(use: list).get(":name/:version", use: manifest).get(":name/:version/graph.svg", use: picture)
    }

    private struct Body: Encodable {
        var name: String
        var version: Int
        var digest: String
        var summary: String
        var isDefault: Bool
        var parameters: [GraphDSL.Parameter]
    }

    private func list(_ request: Request, _ context: APIContext) async throws -> Response {
        // Some are for some people only: whoever is known is shown theirs too.
        let user = request.headers[.authorization] == nil ? nil : try await authenticator.user(request)
        return try JSON.response(
            try await choice.offers(for: user?.id).map { offer in
                let (pinned, manifest) = (offer.entry.pinned, offer.entry.manifest)
                return Body(
                    name: pinned.name, version: pinned.version, digest: pinned.digest.description,
                    summary: manifest.summary, isDefault: offer.isDefault, parameters: manifest.parameters)
            })
    }

    /// The pipeline that a request names, if whoever sends it may use it, and for how long others may keep it.
    ///
    /// - Throws: ``APIError/notFound`` also where it is for others: that it is there is theirs to know.
    private func entry(
        _ request: Request, _ context: APIContext
    ) async throws -> (entry: PipelineCatalog.Entry, caching: String) {
        guard let name = context.parameters.get("name"), let version = context.parameters.get("version"),
            let reference = PipelineReference("\(name)@\(version)"), let version = reference.version,
            let entry = choice.catalog.entry(reference.name, version: version)
        else { throw APIError.notFound }
        if try await choice.isForEverybody(entry.pinned.name) {
            return (entry, "public, max-age=86400, immutable")
        }
        guard request.headers[.authorization] != nil,
            try await choice.isAllowed(entry.pinned.name, for: authenticator.user(request).id)
        else { throw APIError.notFound }
        return (entry, "private, max-age=86400, immutable")
    }

    private func manifest(_ request: Request, _ context: APIContext) async throws -> Response {
        // The file as it is: its digest is that of these bytes. It never changes.
        let (entry, caching) = try await entry(request, context)
        return response(Array(entry.json), "application/json; charset=utf-8", caching)
    }

    private func picture(_ request: Request, _ context: APIContext) async throws -> Response {
        let (entry, caching) = try await entry(request, context)
        guard let svg = FileManager.default.contents(atPath: entry.picture) else { throw APIError.notFound }
        return response(Array(svg), "image/svg+xml", caching)
    }

    private func response(_ bytes: [UInt8], _ type: String, _ caching: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: type, .cacheControl: caching],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
