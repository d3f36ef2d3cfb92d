/// Why there is no answer.
public enum HTTPError: Error, Hashable, Sendable {
    /// The request was cancelled.
    case cancelled
    /// The transfer failed; `reason` is libcurl's. Trying again may help.
    case failed(reason: String)
    /// The answer has more content than was allowed.
    case tooLarge
    /// The address or a header is none.
    case malformed(reason: String)
}
