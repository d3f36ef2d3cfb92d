import HTTPTypes

extension HTTPField.Name {
    /// How long a list is in all.
    static let totalCount = known("X-Total-Count")
    /// Where the neighbouring pages of a list are (RFC 8288).
    static let link = known("Link")
    /// Whether nginx collects an answer before it passes it on.
    static let accelBuffering = known("X-Accel-Buffering")
    /// Under which id the log has a request.
    static let requestID = known("X-Request-Id")
    /// The clients that proxies had requests from.
    static let forwardedFor = known("X-Forwarded-For")
    static let host = known("Host")
    static let frameOptions = known("X-Frame-Options")
    static let referrerPolicy = known("Referrer-Policy")

    private static func known(_ name: StaticString) -> HTTPField.Name {
        guard let name = HTTPField.Name(name.description) else { preconditionFailure("\(name) is no field's name") }
        return name
    }
}
