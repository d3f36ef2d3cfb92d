/// A value on its way to the server.
public struct Parameter: Hashable, Sendable {
    /// How its bytes are to be read.
    enum Format: Int32, Sendable {
        case text = 0
        case binary = 1
    }

    /// Nil is SQL's null.
    let bytes: [UInt8]?
    let format: Format

    static let null = Parameter(bytes: nil, format: .text)

    /// A value in the form that PostgreSQL reads of any type.
    static func text(_ text: String) -> Parameter { Parameter(bytes: Array(text.utf8), format: .text) }
}

/// What can stand in a statement's place for a value.
public protocol ParameterConvertible: Sendable {
    /// It, as the server is sent it.
    var parameter: Parameter { get }
}

extension String: ParameterConvertible {
    public var parameter: Parameter { .text(self) }
}

extension Bool: ParameterConvertible {
    public var parameter: Parameter { .text(self ? "t" : "f") }
}

extension Int: ParameterConvertible {
    public var parameter: Parameter { .text("\(self)") }
}

extension Double: ParameterConvertible {
    public var parameter: Parameter { .text("\(self)") }
}

extension Optional: ParameterConvertible where Wrapped: ParameterConvertible {
    public var parameter: Parameter { self?.parameter ?? .null }
}

extension Array: ParameterConvertible where Element: ParameterConvertible {
    /// An array in PostgreSQL's own form (PostgreSQL 15, 8.15.2), each element in quotes.
    public var parameter: Parameter {
        let elements = map { element in
            guard let bytes = element.parameter.bytes else { return "NULL" }
            let text = String(decoding: bytes, as: UTF8.self)
            return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
        return .text("{" + elements.joined(separator: ",") + "}")
    }
}
