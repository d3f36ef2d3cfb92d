import Hummingbird
import NIOCore

/// The form that older clients send a file with.
struct FormUpload: Sendable {
    /// The fields that are not files.
    private(set) var fields: [String: String] = [:]
    /// What the sender calls the file, and its type; nil where none was sent.
    private(set) var file: MultipartParser.Header?
    /// The file, as it came.
    let content: TemporaryFile
    /// How large it is.
    private(set) var bytes: Int64 = 0

    private var part: MultipartParser.Header?
    private var text: [UInt8] = []
    private var textBytes = 0
    private var parts = 0

    /// The name of the field that holds the file.
    static let fileField = "video_file"
    /// How much all that is not the file may be, in bytes, names included.
    private static let mostText = 64 << 10
    /// The most parts.
    private static let mostParts = 32

    /// The length that a request says its form has, in bytes; 0 where it says none.
    ///
    /// - Throws: ``APIError`` if that is too much.
    static func length(_ request: Request, limit: Int64) throws(APIError) -> Int {
        guard let text = request.headers[.contentLength] else { return 0 }
        guard let length = Int64(text), length <= limit + Int64(mostText) else { throw tooLarge(limit) }
        return Int(length)
    }

    /// Reads a form.
    ///
    /// - Parameter limit: how large the file may be, in bytes.
    /// - Throws: ``APIError``.
    init(_ request: Request, limit: Int64) async throws {
        guard var parser = MultipartParser(contentType: request.headers[.contentType]) else {
            throw APIError.malformed("The body must be multipart/form-data.")
        }
        content = try TemporaryFile()
        do {
            for try await buffer in request.body {
                for event in try parser.take(Array(buffer.readableBytesView)) { try await take(event, limit) }
            }
            try parser.finish()
        } catch is MultipartParser.Problem {
            throw APIError.malformed("The form cannot be read.")
        }
    }

    private mutating func take(_ event: MultipartParser.Event, _ limit: Int64) async throws {
        switch event {
        case .begin(let header):
            part = header
            parts += 1
            textBytes += header.name.utf8.count + (header.fileName?.utf8.count ?? 0)
            guard parts <= Self.mostParts, textBytes <= Self.mostText else {
                throw APIError(.contentTooLarge, "too_large", "The form has too many fields.")
            }
            if header.name == Self.fileField {
                guard file == nil else { throw APIError.malformed("The form has several files.") }
                file = header
            }
        case .bytes(let new) where part?.name == Self.fileField:
            bytes += Int64(new.count)
            guard bytes <= limit else { throw Self.tooLarge(limit) }
            try await content.write(new)
        case .bytes(let new):
            textBytes += new.count
            guard textBytes <= Self.mostText else { throw Self.tooLarge(limit) }
            text += new
        case .end:
            if let name = part?.name, name != Self.fileField { fields[name] = String(decoding: text, as: UTF8.self) }
            text = []
        }
    }

    private static func tooLarge(_ limit: Int64) -> APIError {
        APIError(
            .contentTooLarge, "too_large", "The file is too large.",
            fields: [fileField: "may have \(limit) bytes at the most"])
    }
}
