import Database
import Hummingbird

/// Reads the parameters of an address, and collects what is wrong with all of them.
struct Query {
    private let request: Request
    private var fields = Fields()

    init(_ request: Request) { self.request = request }

    /// A text; nil where there is none, or nothing but blanks.
    mutating func text(_ name: String) -> String? {
        guard let value = request.uri.queryParameters[Substring(name)], !value.allSatisfy(\.isWhitespace) else {
            return nil
        }
        return fields.text(name, String(value))
    }

    /// A whole number; nil where there is none.
    mutating func number(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = request.uri.queryParameters[Substring(name)] else { return nil }
        guard let number = Int(value), range.contains(number) else {
            fields.refuse(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    /// One of a few words; nil where there is none.
    mutating func word<Word: RawRepresentable<String> & CaseIterable>(_ name: String) -> Word? {
        guard let value = request.uri.queryParameters[Substring(name)] else { return nil }
        guard let word = Word(rawValue: String(value)) else {
            fields.refuse(name, "must be one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
            return nil
        }
        return word
    }

    /// `page` from 1 on and `pageSize` from 1 to 100.
    mutating func page(size: Int) -> PageRequest {
        PageRequest(number: number("page", in: 1...1_000_000) ?? 1, size: number("page_size", in: 1...100) ?? size)
    }

    /// Where the neighbouring pages of a list are (RFC 8288): the same query with another `page`.
    func links(_ page: PageRequest, of total: Int) -> String {
        let last = max(1, page.count(of: total))
        let others = request.uri.queryParameters.filter { $0.key != "page" }.map { name, value in
            "&\(Self.encoded(name))=\(Self.encoded(value))"
        }.joined()
        var numbers = [("first", 1), ("last", last)]
        if page.number > 1 { numbers.append(("prev", min(page.number - 1, last))) }
        if page.number < last { numbers.append(("next", page.number + 1)) }
        return numbers.map { "<\(request.uri.path)?page=\($1)\(others)>; rel=\"\($0)\"" }.joined(separator: ", ")
    }

    /// A part of a query with all but unreserved characters encoded (RFC 3986, section 2.3).
    private static func encoded(_ text: Substring) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }

    /// - Throws: ``APIError`` where something cannot be taken.
    func check() throws(APIError) { try fields.check() }
}

extension APIContext {
    /// The video that a path names.
    ///
    /// - Throws: ``APIError/notFound`` where it names none.
    func video() throws(APIError) -> VideoID {
        guard let id = parameters.get("id").flatMap({ VideoID($0) }) else { throw .notFound }
        return id
    }
}
