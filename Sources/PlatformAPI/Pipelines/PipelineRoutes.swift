import Database
import FoundationEssentials
import GraphDSL
import Hummingbird
import NIOCore

/// `/api/pipelines`: what an upload can choose.
struct PipelineRoutes: Sendable {
    let catalog: PipelineCatalog

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
        try JSON.response(
            catalog.entries.map { entry in
                Body(
                    name: entry.pinned.name, version: entry.pinned.version, digest: entry.pinned.digest.description,
                    summary: entry.manifest.summary, isDefault: catalog.isDefault(entry),
                    parameters: entry.manifest.parameters)
            })
    }

    private func entry(_ context: APIContext) throws(APIError) -> PipelineCatalog.Entry {
        guard let name = context.parameters.get("name"), let version = context.parameters.get("version"),
            let reference = PipelineReference("\(name)@\(version)"), let entry = catalog.entry(reference)
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
