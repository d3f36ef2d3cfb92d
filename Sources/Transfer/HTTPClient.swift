import CLibCurl
public import LibAV
import Synchronization

/// A request of HTTP.
public struct HTTPRequest: Hashable, Sendable {
    /// The method, in capitals.
    public var method = "GET"
    /// The address: `http` or `https`.
    public var url: String
    /// Header fields, by name.
    public var headers: [(name: String, value: String)] = []

    /// A request for what is at an address.
    public init(url: String) { self.url = url }

    public static func == (left: HTTPRequest, right: HTTPRequest) -> Bool {
        left.method == right.method && left.url == right.url
            && left.headers.elementsEqual(right.headers) { $0 == $1 }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(method)
        hasher.combine(url)
    }
}

/// An answer of HTTP.
public struct HTTPResponse: Hashable, Sendable {
    /// The status code (RFC 9110, section 15).
    public var status: Int
    /// Header fields by name, in lower case; of several of a name the last.
    public var headers: [String: String]
    /// The content.
    public var body: [UInt8]
}

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

    /// libcurl's handle with its connections.
    ///
    /// Sendable because it is used under a lock alone.
    private struct Handle: @unchecked Sendable {
        let pointer: UnsafeMutableRawPointer
    }

    private let handle: Mutex<Handle>
    private let patience: Patience

    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// A client without a connection yet.
    ///
    /// - Throws: ``HTTPError/failed(reason:)`` where libcurl cannot be set up.
    public init(patience: Patience = Patience()) throws(HTTPError) {
        guard Self.isReady, let pointer = curl_easy_init() else { throw .failed(reason: "libcurl cannot be set up") }
        handle = Mutex(Handle(pointer: pointer))
        self.patience = patience
    }

    deinit { handle.withLock { curl_easy_cleanup($0.pointer) } }

    /// Sends a request and waits for its answer, whatever its status.
    ///
    /// - Parameters:
    ///   - limit: the most bytes of content that are taken.
    ///   - cancellation: ends it within a second.
    /// - Throws: ``HTTPError``.
    public func send(
        _ request: HTTPRequest, limit: Int, cancellation: CancellationFlag
    ) throws(HTTPError) -> HTTPResponse {
        let result: Result<HTTPResponse, HTTPError> = handle.withLock { handle in
            let exchange = Exchange(limit: limit, cancellation: cancellation)
            do throws(HTTPError) { return .success(try perform(request, exchange, handle.pointer)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func perform(
        _ request: HTTPRequest, _ exchange: Exchange, _ handle: UnsafeMutableRawPointer
    ) throws(HTTPError) -> HTTPResponse {
        // Keeps connections, forgets settings.
        curl_easy_reset(handle)
        let opaque = Unmanaged.passUnretained(exchange).toOpaque()
        var fields: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(fields) }
        for (name, value) in request.headers {
            let isClean = (name + value).utf8.allSatisfy { $0 >= 32 && $0 != 127 }
            guard isClean, let longer = curl_slist_append(fields, "\(name): \(value)") else {
                throw .malformed(reason: "the header field '\(name)' has characters that none may have")
            }
            fields = longer
        }
        var message = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        let code = message.withUnsafeMutableBytes { message -> CURLcode in
            ccurl_set_text(handle, CURLOPT_URL, request.url)
            ccurl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
            ccurl_set_text(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
            ccurl_set_text(handle, CURLOPT_CUSTOMREQUEST, request.method)
            if request.method == "HEAD" { ccurl_set_long(handle, CURLOPT_NOBODY, 1) }
            ccurl_set_pointer(handle, CURLOPT_HTTPHEADER, fields)
            ccurl_set_long(handle, CURLOPT_FOLLOWLOCATION, 1)
            ccurl_set_long(handle, CURLOPT_MAXREDIRS, 5)
            ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1)
            ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT, patience.connecting)
            ccurl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, 1024)
            ccurl_set_long(handle, CURLOPT_LOW_SPEED_TIME, patience.stalled)
            ccurl_set_long(handle, CURLOPT_TIMEOUT, patience.whole)
            ccurl_set_long(handle, CURLOPT_NOPROGRESS, 0)
            ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, message.baseAddress)
            ccurl_set_pointer(handle, CURLOPT_WRITEDATA, opaque)
            ccurl_set_pointer(handle, CURLOPT_HEADERDATA, opaque)
            ccurl_set_pointer(handle, CURLOPT_XFERINFODATA, opaque)
            ccurl_set_write(handle, CURLOPT_WRITEFUNCTION) { data, size, count, opaque in
                Exchange.of(opaque)?.take(data, size * count) ?? 0
            }
            ccurl_set_write(handle, CURLOPT_HEADERFUNCTION) { data, size, count, opaque in
                Exchange.of(opaque)?.takeHeader(data, size * count) ?? 0
            }
            ccurl_set_progress(handle) { opaque, _, _, _, _ in
                Exchange.of(opaque)?.cancellation.isCancelled == true ? 1 : 0
            }
            return curl_easy_perform(handle)
        }
        // The message lies on this function's stack.
        ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, nil)
        guard code == CURLE_OK else {
            if exchange.cancellation.isCancelled { throw .cancelled }
            if exchange.isOverdrawn { throw .tooLarge }
            let text = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            let reason = text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
            if code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL { throw .malformed(reason: reason) }
            throw .failed(reason: reason)
        }
        return HTTPResponse(status: ccurl_status(handle), headers: exchange.headers, body: exchange.body)
    }
}

/// An answer on its way, as libcurl's callbacks see it.
private final class Exchange {
    let cancellation: CancellationFlag
    private(set) var body: [UInt8] = []
    private(set) var headers: [String: String] = [:]
    private(set) var isOverdrawn = false
    private let limit: Int

    init(limit: Int, cancellation: CancellationFlag) {
        self.limit = limit
        self.cancellation = cancellation
    }

    static func of(_ opaque: UnsafeMutableRawPointer?) -> Exchange? {
        opaque.map { Unmanaged<Exchange>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Takes a piece of content; what is not taken breaks the transfer off.
    func take(_ data: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        guard let data, body.count + count <= limit else {
            isOverdrawn = true
            return 0
        }
        body.append(contentsOf: UnsafeRawBufferPointer(start: data, count: count))
        return count
    }

    func takeHeader(_ data: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        let line = String(decoding: UnsafeRawBufferPointer(start: data, count: count), as: UTF8.self)
        // A redirection's fields are not the answer's.
        if line.hasPrefix("HTTP/") {
            headers = [:]
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...]
            headers[line[..<colon].lowercased()] = String(
                value.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
        }
        return count
    }
}
