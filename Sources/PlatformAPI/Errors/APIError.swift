import Database
public import Hummingbird
import HTTPTypes

/// What a client is told that went wrong: `{"error", "code", "fields"}`.
public struct APIError: Error, Hashable, Sendable {
    /// The status of the answer.
    public var status: HTTPResponse.Status
    /// A word for programs, which never changes.
    public var code: String
    /// A sentence for people.
    public var message: String
    /// Where input was invalid: a sentence for each field.
    public var fields: [String: String]?
    /// In how many seconds to try again.
    public var retryAfter: Int?
    /// What may be done instead.
    var allow: [String] = []
    /// The size of a file of which a range was asked for that it does not have.
    var rangeSize: Int64?

    init(
        _ status: HTTPResponse.Status, _ code: String, _ message: String, fields: [String: String]? = nil,
        retryAfter: Int? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields
        self.retryAfter = retryAfter
    }

    static func invalid(_ fields: [String: String]) -> APIError {
        APIError(.badRequest, "invalid", "Some of what was sent cannot be taken.", fields: fields)
    }

    static func malformed(_ reason: String) -> APIError { APIError(.badRequest, "malformed", reason) }

    static let unauthorized = APIError(.unauthorized, "unauthorized", "Log in first.")
    static let wrongCredentials = APIError(.unauthorized, "wrong_credentials", "The address or the password is wrong.")
    static let forbidden = APIError(.forbidden, "forbidden", "This is somebody else's.")
    static let notFound = APIError(.notFound, "not_found", "There is no such thing.")
    static let unavailable = APIError(
        .serviceUnavailable, "unavailable", "This does not work at the moment; try again in a moment.", retryAfter: 1)
    static let busy = APIError(
        .serviceUnavailable, "busy", "Too many ask for this at the moment; try again in a moment.", retryAfter: 2)
    static let fault = APIError(.internalServerError, "fault", "Something went wrong on our side.")

    static func beyond(_ size: Int64) -> APIError {
        var error = APIError(.rangeNotSatisfiable, "beyond", "The file has \(size) bytes.")
        error.rangeSize = size
        return error
    }

    static func methodNotAllowed(_ allow: [String]) -> APIError {
        var error = APIError(.methodNotAllowed, "method_not_allowed", "Nothing of the kind is done here.")
        error.allow = allow
        return error
    }

    static func exceeded(_ quota: Quota.Exceeded) -> APIError {
        switch quota {
        case .videos(let most):
            APIError(.conflict, "quota_videos", "You have \(most) videos, the maximum; delete some first.")
        case .openUploads(let most):
            APIError(
                .conflict, "quota_uploads",
                "You have \(most) incomplete uploads, the maximum; complete or delete some first."
            )
        case .bytesPerDay(let most, let seconds):
            APIError(
                .tooManyRequests, "quota_bytes", "You may upload \(most) bytes in a day; try again later.",
                retryAfter: max(1, seconds))
        case .repeatsPerHour(let most, let seconds):
            APIError(
                .tooManyRequests, "quota_reprocess",
                "You may have \(most) videos made again in an hour; try again later.", retryAfter: max(1, seconds))
        }
    }

    static func streams(_ most: Int) -> APIError {
        APIError(
            .tooManyRequests, "quota_streams", "You have \(most) event streams open, the maximum; close one first.",
            retryAfter: 10
        )
    }

    static func tooMany(in seconds: Int) -> APIError {
        APIError(.tooManyRequests, "too_many", "That was too often; try again later.", retryAfter: seconds)
    }
}

extension APIError: HTTPResponseError {
    private struct Body: Encodable {
        var error: String
        var code: String
        var fields: [String: String]?
    }

    public func response(from request: Request, context: some RequestContext) throws -> Response {
        var response = try JSON.response(Body(error: message, code: code, fields: fields), status: status)
        if let retryAfter { response.headers[.retryAfter] = "\(retryAfter)" }
        if !allow.isEmpty { response.headers[.allow] = allow.joined(separator: ", ") }
        if let rangeSize { response.headers[.contentRange] = "bytes */\(rangeSize)" }
        if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }
}
