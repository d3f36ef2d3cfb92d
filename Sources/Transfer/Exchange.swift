import Glibc
import LibAV

/// A request and its answer on their way.
final class Exchange {
    /// Ends it.
    let cancellation: CancellationFlag
    /// The content so far.
    private(set) var body: [UInt8] = []
    /// The header fields so far, by name in lower case.
    private(set) var headers: [String: String] = [:]
    /// Whether there is more content than may be.
    private(set) var isOverdrawn = false

    /// Why what is to be sent cannot be read.
    private(set) var unreadable: String?

    private let limit: Int
    private let content: HTTPRequest.Body
    private var sent: Int64 = 0
    private let descriptor: Int32

    init(limit: Int, sending content: HTTPRequest.Body, cancellation: CancellationFlag) {
        self.limit = limit
        self.content = content
        self.cancellation = cancellation
        if case .file(let path, _) = content { descriptor = open(path, O_RDONLY | O_CLOEXEC) } else { descriptor = -1 }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    var bytesToSend: Int64 { content.count }

    /// The next piece of what is sent.
    ///
    /// - Parameter most: how many bytes it may have.
    /// - Returns: it, empty at the end; nil where it cannot be read.
    func next(_ most: Int) -> [UInt8]? {
        let count = Int(min(Int64(most), content.count - sent))
        guard count > 0 else { return [] }
        let piece: [UInt8]
        switch content {
        case .none: return []
        case .bytes(let bytes): piece = Array(bytes[Int(sent)..<(Int(sent) + count)])
        case .file(let path, let range):
            var result = 0
            piece = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                result = pread(descriptor, buffer.baseAddress, count, off_t(range.lowerBound + sent))
                filled = max(0, result)
            }
            guard result == count else {
                let reason = result < 0 ? String(cString: strerror(errno)) : "it has become shorter"
                unreadable = "'\(path)' cannot be read: \(reason)"
                return nil
            }
        }
        sent += Int64(count)
        return piece
    }

    /// Has what is sent begin anew.
    func rewind(to offset: Int64) { sent = offset }

    /// Takes a piece of content.
    ///
    /// - Returns: whether it may be.
    func take(_ bytes: [UInt8]) -> Bool {
        isOverdrawn = body.count + bytes.count > limit
        if !isOverdrawn { body += bytes }
        return !isOverdrawn
    }

    /// Takes a line of the header.
    func takeHeader(_ bytes: [UInt8]) {
        let line = String(decoding: bytes, as: UTF8.self)
        // A redirection's fields are not the answer's.
        if line.hasPrefix("HTTP/") {
            headers = [:]
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...]
            headers[line[..<colon].lowercased()] = String(
                value.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
        }
    }
}
