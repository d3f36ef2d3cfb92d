import LibAV

/// An answer on its way.
final class Exchange {
    /// Ends it.
    let cancellation: CancellationFlag
    /// The content so far.
    private(set) var body: [UInt8] = []
    /// The header fields so far, by name in lower case.
    private(set) var headers: [String: String] = [:]
    /// Whether there is more content than may be.
    private(set) var isOverdrawn = false

    private let limit: Int

    init(limit: Int, cancellation: CancellationFlag) {
        self.limit = limit
        self.cancellation = cancellation
    }

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
