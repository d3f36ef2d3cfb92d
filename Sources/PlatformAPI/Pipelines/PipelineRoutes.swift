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

    private func entry(_ context: APIContext) throws(APIError) -> PipelineCatalog.Entry {
        guard let name = context.parameters.get("name"), let version = context.parameters.get("version"),
            let reference = PipelineReference("\(name)@\(version)"), let version = reference.version,
            let entry = choice.catalog.entry(reference.name, version: version)
        else { throw .notFound }
        return entry
    }

    private func manifest(_ request: Request, _ context: APIContext) async throws -> Response {
        // The file as it is: its digest is that of these bytes. It never changes.
        try response(Array(entry(context).json), "application/json; charset=utf-8")
    }

    private func picture(_ request: Request, _ context: APIContext) async throws -> Response {
        guard let svg = FileManager.default.contents(atPath: try entry(context).picture) else {
            throw APIError.notFound
        }
        return response(Array(svg), "image/svg+xml")
    }

    private func response(_ bytes: [UInt8], _ type: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: type, .cacheControl: "public, max-age=86400, immutable"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
