/// Takes a body of `multipart/form-data` apart as it comes (RFC 7578; RFC 2046, section 5.1.1).
struct MultipartParser {
    /// What a part says of itself.
    struct Header: Hashable {
        /// The field's name.
        var name: String
        /// The file's name, where the part is a file.
        var fileName: String?
        /// The part's media type, where it says one.
        var contentType: String?
    }

    /// What comes.
    enum Event: Equatable {
        case begin(Header)
        /// More of the part that has begun.
        case bytes([UInt8])
        case end
    }

    /// What is wrong with a body.
    enum Problem: Error, Equatable {
        /// It does not begin with its boundary, or ends before the last one.
        case incomplete
        /// A part does not say which field it is, or says too much.
        case header
    }

    private enum State {
        case preamble
        case header
        case content
        case epilogue
    }

    /// The end of a part: a line's end, two hyphens and the boundary.
    private let delimiter: [UInt8]
    /// What came and is not understood yet.
    private var pending: [UInt8]
    private var state = State.preamble

    /// How long what a part says of itself may be, in bytes.
    private static let longestHeader = 8 << 10
    private static let blankLine = Array("\r\n\r\n".utf8)

    /// - Parameter contentType: the request's; nil comes back where it is another, or names no boundary.
    init?(contentType: String?) {
        guard let contentType, let (type, parameters) = Self.parse(contentType), type == "multipart/form-data",
            let boundary = parameters["boundary"], (1...70).contains(boundary.utf8.count)
        else { return nil }
        delimiter = Array("\r\n--\(boundary)".utf8)
        // The first boundary has no line before it, or one that counts for nothing.
        pending = Array("\r\n".utf8)
    }

    /// Takes what has come.
    ///
    /// - Throws: ``Problem``.
    mutating func take(_ bytes: [UInt8]) throws(Problem) -> [Event] {
        pending += bytes
        var events: [Event] = []
        while try step(&events) {}
        return events
    }

    /// Says that nothing more comes.
    ///
    /// - Throws: ``Problem/incomplete`` where there should.
    func finish() throws(Problem) {
        guard case .epilogue = state else { throw .incomplete }
    }

    /// Takes one step.
    ///
    /// - Returns: whether there may be another.
    private mutating func step(_ events: inout [Event]) throws(Problem) -> Bool {
        switch state {
        case .preamble:
            // Nothing is read before the first boundary: no client sends any.
            guard pending.count >= delimiter.count + 2 else {
                if !pending.starts(with: delimiter.prefix(pending.count)) { throw .incomplete }
                return false
            }
            guard pending.starts(with: delimiter) else { throw .incomplete }
            return try passBoundary()
        case .header:
            guard let end = Self.find(Self.blankLine, in: pending) else {
                if pending.count > Self.longestHeader { throw .header }
                return false
            }
            events.append(.begin(try Self.header(pending[..<end])))
            pending.removeFirst(end + Self.blankLine.count)
            // Content that is empty is followed by its boundary, whose line's end is not the header's.
            state = .content
            return true
        case .content:
            if let end = Self.find(delimiter, in: pending) {
                guard pending.count >= end + delimiter.count + 2 else {
                    emit(end, &events)
                    return false
                }
                emit(end, &events)
                events.append(.end)
                return try passBoundary()
            }
            // What may be the beginning of a boundary stays.
            emit(pending.count - (delimiter.count - 1), &events)
            return false
        case .epilogue:
            pending.removeAll()
            return false
        }
    }

    private mutating func emit(_ count: Int, _ events: inout [Event]) {
        guard count > 0 else { return }
        events.append(.bytes(Array(pending[..<count])))
        pending.removeFirst(count)
    }

    /// Goes past a boundary and what tells whether it is the last one.
    private mutating func passBoundary() throws(Problem) -> Bool {
        let rest = Array(pending[delimiter.count..<(delimiter.count + 2)])
        pending.removeFirst(delimiter.count + 2)
        switch rest {
        case Array("\r\n".utf8): state = .header
        case Array("--".utf8): state = .epilogue
        default: throw .incomplete
        }
        return true
    }

    private static func find(_ needle: [UInt8], in bytes: [UInt8]) -> Int? {
        guard let first = needle.first, bytes.count >= needle.count else { return nil }
        let span = bytes.span
        for start in 0...(bytes.count - needle.count) where span[start] == first {
            if needle.indices.allSatisfy({ bytes[start + $0] == needle[$0] }) { return start }
        }
        return nil
    }

    // MARK: What a part says of itself

    private static func header(_ bytes: ArraySlice<UInt8>) throws(Problem) -> Header {
        var header: Header?
        var contentType: String?
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\r\n") {
            let sides = line.split(separator: ":", maxSplits: 1)
            guard sides.count == 2 else { throw .header }
            let value = String(sides[1])
            switch sides[0].lowercased() {
            case "content-disposition":
                guard let (type, parameters) = parse(value), type == "form-data", let name = parameters["name"] else {
                    throw .header
                }
                header = Header(name: name, fileName: parameters["filename"])
            case "content-type": contentType = parse(value)?.type
            default: break
            }
        }
        guard var header else { throw .header }
        header.contentType = contentType
        return header
    }

    /// Reads `type; name=value; name="a value"` (RFC 9110, section 5.6.6). Browsers write a quote within a value as `%22`.
    private static func parse(_ text: String) -> (type: String, parameters: [String: String])? {
        var rest = Substring(text)
        let type = rest.prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
        rest = rest.drop { $0 != ";" }
        var parameters: [String: String] = [:]
        while let separator = rest.first {
            guard separator == ";" else { return nil }
            rest = rest.dropFirst().drop(while: \.isWhitespace)
            let name = rest.prefix { $0 != "=" && $0 != ";" }.lowercased()
            rest = rest.drop { $0 != "=" && $0 != ";" }
            guard rest.first == "=" else { continue }
            rest = rest.dropFirst()
            var value = ""
            if rest.first == "\"" {
                rest = rest.dropFirst()
                while let character = rest.first, character != "\"" {
                    if character == "\\" { rest = rest.dropFirst() }
                    value += rest.prefix(1)
                    rest = rest.dropFirst()
                }
                guard rest.first == "\"" else { return nil }
                rest = rest.dropFirst().drop(while: \.isWhitespace)
            } else {
                value = rest.prefix { $0 != ";" }.filter { !$0.isWhitespace }
                rest = rest.drop { $0 != ";" }
            }
            parameters[name] = value.replacing("%22", with: "\"")
        }
        return type.isEmpty ? nil : (type, parameters)
    }
}
