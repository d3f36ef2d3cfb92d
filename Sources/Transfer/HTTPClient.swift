public import LibAV
import Synchronization

/// Sends requests over a connection that stays open between them. Blocks: never call it on Swift's cooperative threads.
public final class HTTPClient: Sendable {
    /// How long things may take.
    public struct Patience: Hashable, Sendable {
        /// The longest that connecting takes, in seconds.
        public var connecting = 10
        /// The longest that a transfer may go on slower than a kilobyte a second, in seconds.
        public var stalled = 20
        /// The longest that a request takes in all, in seconds.
        public var whole = 120

        /// The usual patience.
        public init() {}
    }

    private let handle: Mutex<CurlHandle>
    private let patience: Patience

    /// A client without a connection yet.
    ///
    /// - Throws: ``HTTPError/failed(reason:)`` where libcurl cannot be set up.
    public init(patience: Patience = Patience()) throws(HTTPError) {
        handle = Mutex(try CurlHandle())
        self.patience = patience
    }

    /// Sends a request and waits for its answer, whatever its status.
    ///
    /// - Parameters:
    ///   - limit: the most bytes of content that are taken.
    ///   - cancellation: ends it within a second.
    /// - Throws: ``HTTPError``.
    public func send(
        _ request: HTTPRequest, limit: Int, cancellation: CancellationFlag
    ) throws(HTTPError) -> HTTPResponse {
        try handle.withLock { (handle) throws(HTTPError) in
            try handle.perform(
                request, Exchange(limit: limit, sending: request.body, cancellation: cancellation), patience)
        }
    }
}
