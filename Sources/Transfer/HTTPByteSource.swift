public import LibAV
import Synchronization

/// A file behind an address, read by ranges (RFC 9110, section 14), so that what is not needed is not transferred.
///
/// The server must answer ranges. Failures that may pass are tried again; a file that changes meanwhile is an error.
public final class HTTPByteSource: ByteSource {
    /// The address without what may be secret: its query, as of a signed one, and its user.
    public let name: String
    public let size: Int64?
    public var isDistant: Bool { true }

    private let url: String
    private let client: HTTPClient
    private let retrying: Retrying
    private let tag: String?
    private let cache: Mutex<BlockCache>
    private let transferred: Mutex<Int64>

    /// The reason of an error that says that the file is another one now.
    public static let hasChanged = "it has changed while it was read"

    /// How much the first request asks for: the header of most files.
    private static let firstRange = 32 << 10

    /// Asks for a file's beginning, which tells how long it is.
    ///
    /// - Parameters:
    ///   - url: its address, `http` or `https`.
    ///   - tag: the `ETag` that it must have; nil for any.
    ///   - patience: how long each answer is waited for.
    ///   - cancellation: ends the asking.
    /// - Throws: ``ByteSourceError``.
    public convenience init(
        url: String, matching tag: String? = nil, patience: HTTPClient.Patience = .init(),
        cancellation: CancellationFlag
    ) throws(ByteSourceError) {
        try self.init(url: url, matching: tag, patience: patience, retrying: Retrying(), cancellation: cancellation)
    }

    init(
        url: String, matching tag: String? = nil, patience: HTTPClient.Patience, retrying: Retrying,
        cancellation: CancellationFlag
    ) throws(ByteSourceError) {
        let name = Self.name(of: url)
        do throws(HTTPError) { client = try HTTPClient(patience: patience) } catch {
            throw Self.failure(error, name)
        }
        self.url = url
        self.name = name
        self.retrying = retrying
        let answer = try Self.ask(client, url, name, 0..<Int64(Self.firstRange), tag, retrying, cancellation)
        size = answer.size
        self.tag = tag ?? answer.tag
        var cache = BlockCache(size: answer.size)
        cache.insert(answer.bytes, at: 0)
        self.cache = Mutex(cache)
        transferred = Mutex(Int64(answer.bytes.count))
    }

    /// Whether a text is an address that can be read from.
    public static func isAddress(_ text: String) -> Bool {
        let start = text.prefix(8).lowercased()
        return start.hasPrefix("http://") || start == "https://"
    }

    /// An address without its query, fragment and user.
    public static func name(of url: String) -> String {
        let plain = url.prefix { $0 != "?" && $0 != "#" }
        let scheme = plain.prefix { $0 != ":" } + "://"
        guard plain.hasPrefix(scheme) else { return String(plain) }
        let rest = plain.dropFirst(scheme.count)
        let host = rest.prefix { $0 != "/" }
        guard let user = host.lastIndex(of: "@") else { return String(plain) }
        return String(scheme + rest[rest.index(after: user)...])
    }

    /// How many bytes of the file were transferred.
    public var bytesTransferred: Int64 { transferred.withLock(\.self) }

    public func read(
        at offset: Int64, into span: inout MutableRawSpan, cancellation: CancellationFlag
    ) throws(ByteSourceError) -> Int {
        let count = span.byteCount
        let bytes: [UInt8]
        if let known = cache.withLock({ $0.bytes(at: offset, count: count) }) {
            bytes = known
        } else {
            guard let range = cache.withLock({ $0.missing(at: offset, count: count) }) else { return 0 }
            let answer = try Self.ask(client, url, name, range, tag, retrying, cancellation)
            guard answer.size == size else { throw .transfer(name, reason: Self.hasChanged) }
            transferred.withLock { $0 += Int64(answer.bytes.count) }
            bytes = cache.withLock { cache in
                cache.insert(answer.bytes, at: range.lowerBound)
                return cache.bytes(at: offset, count: count) ?? []
            }
        }
        span.withUnsafeMutableBytes { $0.copyBytes(from: bytes) }
        return bytes.count
    }

    // MARK: Asking

    private struct Answer {
        let bytes: [UInt8]
        let size: Int64
        let tag: String?
    }

    private enum Refusal: Error {
        case status(HTTPResponse)
        case http(HTTPError)
    }

    private static func ask(
        _ client: HTTPClient, _ url: String, _ name: String, _ range: Range<Int64>, _ tag: String?,
        _ retrying: Retrying, _ cancellation: CancellationFlag
    ) throws(ByteSourceError) -> Answer {
        var request = HTTPRequest(url: url)
        request.headers["Range"] = "bytes=\(range.lowerBound)-\(range.upperBound - 1)"
        // Else the whole of another file would come.
        request.headers["If-Match"] = tag
        let response: HTTPResponse
        do throws(Refusal) {
            response = try retrying(
                cancellation, isTransient: isTransient, least: wait
            ) { () throws(Refusal) in
                let response: HTTPResponse
                do throws(HTTPError) {
                    response = try client.send(request, limit: range.count, cancellation: cancellation)
                } catch {
                    throw .http(error)
                }
                guard response.status == 206 else { throw .status(response) }
                return response
            }
        } catch {
            throw failure(error, name, range)
        }
        guard let said = response.headers["content-range"], let (first, size) = contentRange(said),
            first == range.lowerBound, response.body.count == min(Int64(range.count), size - first)
        else { throw .transfer(name, reason: "the server's answer to a range is not one") }
        let tag = response.headers["etag"].flatMap { $0.hasPrefix("W/") ? nil : $0 }
        return Answer(bytes: response.body, size: size, tag: tag)
    }

    private static func isTransient(_ refusal: Refusal) -> Bool {
        switch refusal {
        case .status(let response): HTTPResponse.isTransient(response.status)
        case .http(.failed): true
        case .http: false
        }
    }

    /// What `Retry-After` says, in milliseconds.
    private static func wait(_ refusal: Refusal) -> Int? {
        guard case .status(let response) = refusal, let said = response.headers["retry-after"], let seconds = Int(said)
        else { return nil }
        return max(0, min(seconds, 60)) * 1000
    }

    private static func failure(_ refusal: Refusal, _ name: String, _ range: Range<Int64>) -> ByteSourceError {
        switch refusal {
        case .http(.tooLarge): .transfer(name, reason: "the server does not answer ranges")
        case .http(let error): failure(error, name)
        case .status(let response):
            switch response.status {
            case 200: .transfer(name, reason: "the server does not answer ranges")
            case 404, 410: .notFound(name)
            case 401, 403:
                .transfer(name, reason: "the server refuses it (\(response.status)); has the address expired?")
            case 412: .transfer(name, reason: hasChanged)
            case 416: .transfer(name, reason: "it is empty")
            default: .transfer(name, reason: "the server answers with status \(response.status)")
            }
        }
    }

    private static func failure(_ error: HTTPError, _ name: String) -> ByteSourceError {
        switch error {
        case .cancelled: .transfer(name, reason: "the transfer was cancelled")
        case .failed(let reason), .malformed(let reason): .transfer(name, reason: reason)
        case .tooLarge: .transfer(name, reason: "the answer is too large")
        }
    }

    /// The first byte and the whole size of `bytes FIRST-LAST/SIZE`.
    private static func contentRange(_ text: String) -> (first: Int64, size: Int64)? {
        guard text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split { $0 == "-" || $0 == "/" }.map { Int64($0) }
        guard parts.count == 3, let first = parts[0], let last = parts[1], let size = parts[2], first <= last,
            last < size
        else { return nil }
        return (first, size)
    }
}
