import Database
import Hummingbird
import Logging
import NIOHTTP1
import Scheduling
import Storage

/// Turns whatever a route throws into what a client may know of it; the rest goes to the log.
struct ErrorMiddleware: RouterMiddleware {
    let paths: KnownPaths

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        do { return try await next(request, context) } catch {
            var told = told(error)
            // What the router does not know, and not what a route says is not there.
            if told.status == .notFound, !(error is APIError) {
                let methods = paths.methods(for: request.uri.path)
                if !methods.isEmpty { told = .methodNotAllowed(methods) }
            }
            // A client that goes away is no failure, and fills no log.
            if told.status.code >= 500, !isCancellation(error) {
                context.logger.error("a request failed", metadata: ["error": "\(error)"])
            }
            let response = try told.response(from: request, context: context)
            return request.method == .head ? response.createHeadResponse() : response
        }
    }

    private func isCancellation(_ error: any Error) -> Bool {
        error is CancellationError || error as? FairQueue.Refusal == .cancelled || error as? DatabaseError == .cancelled
    }

    /// What the server itself refuses.
    private func told(_ status: HTTPResponse.Status) -> APIError {
        switch status {
        case .notFound: .notFound
        case .contentTooLarge: APIError(status, "too_large", "That is more than may be sent.")
        default: APIError(status, "malformed", "The request cannot be read.")
        }
    }

    private func told(_ error: any Error) -> APIError {
        switch error {
        case let error as APIError: error
        case let exceeded as Quota.Exceeded: .exceeded(exceeded)
        case FairQueue.Refusal.full: .busy
        case FairQueue.Refusal.cancelled: .unavailable
        case let error as DatabaseError: error.isTransient || error == .cancelled ? .unavailable : .fault
        case let error as StoreError: error.isTransient || error == .cancelled ? .unavailable : .fault
        case let error as any HTTPResponseError where error.status.code < 500: told(error.status)
        case is CancellationError: .unavailable
        // RFC 9112, section 7.1: invalid chunked framing.
        case is HTTPParserError: .malformed("The body's framing is invalid.")
        default: .fault
        }
    }
}
