import CoreMetrics
import Hummingbird
import Logging
import Metrics

/// Counts and times what is answered, by its route, and tells who asks under which id the log has it.
struct RequestMetrics: RouterMiddleware {
    let metrics: any MetricsFactory

    /// Those we know; a client may send any other, and each would be kept.
    private static let methods: Set<HTTPRequest.Method> = [.get, .head, .post, .put, .patch, .delete, .options]

    /// Counts what the middleware within answers; how long an answer takes to be sent is the client's.
    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let active = Meter(label: "http.server.active_requests", factory: metrics)
        active.increment()
        defer { active.decrement() }
        let begin = ContinuousClock.now
        var response = try await next(request, context)
        let spent = begin.duration(to: .now)
        let method = Self.methods.contains(request.method) ? request.method.rawValue : "_OTHER"
        Timer(
            label: "http.server.request.duration",
            dimensions: [
                ("http.request.method", method), ("http.route", context.endpointPath ?? "none"),
                ("http.response.status_code", "\(response.status.code)"),
            ], factory: metrics
        ).record(duration: spent)
        response.headers[.requestID] = context.id
        context.logger.debug(
            "answered",
            metadata: [
                "method": "\(request.method.rawValue)", "path": "\(request.uri.path)",
                "status": "\(response.status.code)", "seconds": "\(spent / .seconds(1))",
            ])
        return response
    }
}
