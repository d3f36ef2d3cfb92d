import FoundationEssentials
import Hummingbird
import NIOCore

/// Bodies as clients send and get them: JSON, times in RFC 3339.
enum JSON {
    /// What an answer says that is JSON.
    private static let headers: HTTPFields = [.contentType: "application/json; charset=utf-8"]

    static func response(_ body: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        response(encoded: try encode(body), status: status)
    }

    /// A body that is JSON already.
    static func response(encoded body: ByteBuffer, status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: headers, body: ResponseBody(byteBuffer: body))
    }

    static func encode(_ body: some Encodable) throws -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return ByteBuffer(bytes: try encoder.encode(body))
    }

    /// Reads what a client sent, a few kilobytes at the most.
    ///
    /// - Throws: ``APIError``, where it is not what is asked for.
    static func read<Body: Decodable>(_ type: Body.Type, from request: Request) async throws -> Body {
        let bytes = try await request.body.collect(upTo: 64 << 10)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do { return try decoder.decode(Body.self, from: Data(bytes.readableBytesView)) } catch {
            switch error {
            case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
                guard let field = context.codingPath.last else {
                    throw APIError.malformed("The body must be a JSON object.")
                }
                throw APIError.invalid([snakeCase(field.stringValue): "has a wrong type"])
            default: throw APIError.malformed("The body must be JSON.")
            }
        }
    }

    /// A field's name as clients write it.
    private static func snakeCase(_ name: String) -> String {
        name.map { $0.isUppercase ? "_\($0.lowercased())" : "\($0)" }.joined()
    }
}
