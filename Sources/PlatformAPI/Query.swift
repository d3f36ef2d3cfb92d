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
