import HTTPTypes
import Hummingbird

/// Rejects requests without exactly one Host (RFC 9112, section 3.2), and sets the client's address.
struct RequestChecks: RouterMiddleware {
    let proxies: Proxies
    let connections: ConnectionTable

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        // Section 3.2: exactly one Host. The first one is the request's authority; a second one is left among the fields.
        guard request.head.authority != nil, request.headers[.host] == nil else {
            throw APIError.malformed("A request must have one Host.")
        }
        var context = context
        context.connections = connections
        if let remote = context.remote {
            context.address =
                proxies.client(remote, forwarded: request.headers[values: .forwardedFor]).network.description
        }
        return try await next(request, context)
    }
}
