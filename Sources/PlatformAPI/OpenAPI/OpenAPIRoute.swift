import Hummingbird
import NIOCore

/// `/api/openapi.json`: the description of all routes, OpenAPI 3.1.
struct OpenAPIRoute: Sendable {
    private static let description = ByteBuffer(bytes: PackageResources.openapi_json)

    func add(to router: RouterGroup<APIContext>) {
        router.get("openapi.json") { _, _ in
            JSON.response(encoded: Self.description)
        }
    }
}
