import Transfer

/// An error of a service that is asked over HTTP.
protocol ServiceError: Error {
    static func unavailable(reason: String) -> Self
    static func refused(reason: String) -> Self
    static var cancelled: Self { get }
}

extension ServiceError {
    init(_ error: HTTPError) {
        switch error {
        case .cancelled: self = .cancelled
        case .failed(let reason): self = .unavailable(reason: reason)
        case .malformed(let reason): self = .refused(reason: reason)
        case .tooLarge: self = .refused(reason: "the answer is too large")
        }
    }
}
