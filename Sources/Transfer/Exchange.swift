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

    /// Gives the next piece of what is sent.
    ///
    /// - Returns: how much; 0 at the end, nil where it cannot be read.
    func give(_ buffer: UnsafeMutableRawBufferPointer) -> Int? {
        let count = Int(min(Int64(buffer.count), content.count - sent))
        guard count > 0 else { return 0 }
        switch content {
        case .none: return 0
        case .bytes(let bytes): buffer.copyBytes(from: bytes[Int(sent)..<(Int(sent) + count)])
        case .file(let path, let range):
            let result = pread(descriptor, buffer.baseAddress, count, off_t(range.lowerBound + sent))
            guard result == count else {
                let reason = result < 0 ? String(cString: strerror(errno)) : "it has become shorter"
                unreadable = "'\(path)' cannot be read: \(reason)"
                return nil
            }
        }
        sent += Int64(count)
        return count
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
