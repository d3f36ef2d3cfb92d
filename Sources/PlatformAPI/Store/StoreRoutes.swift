import FoundationEssentials
import Hummingbird
import NIOCore
import Storage

/// `/store`: the local store's objects, for whoever has a signed address.
struct StoreRoutes: Sendable {
    let store: LocalObjectStore
    let slots: UploadSlots

    /// How much is read from the disk at a time.
    private static let piece: Int64 = 256 << 10

    func add(to router: RouterGroup<APIContext>) {
        router.get("**", use: get).head("**", use: get).put("**", use: put)
    }

    /// What the sender may do.
    ///
    /// - Throws: ``APIError`` where that is nothing: of an object that is not there no more is said.
    private func grant(_ request: Request, _ context: APIContext) throws(APIError) -> LocalObjectStore.Grant {
        let path = context.parameters.getCatchAll().joined(separator: "/")
        guard let key = ObjectKey(path),
            let grant = store.grant(for: request.method.rawValue, key, request.uri.query ?? "", at: Date())
        else { throw APIError(.forbidden, "expired", "This address is not good, or not any more.") }
        return grant
    }

    private func get(_ request: Request, _ context: APIContext) async throws -> Response {
        let key = try grant(request, context).key
        guard let info = try await store.info(key) else { throw APIError.notFound }
        let tag = "\"\(info.tag ?? "")\""
        // RFC 9110, sections 13.1.1 and 13.1.5: another file is not answered with, or whole.
        if let wanted = request.headers[.ifMatch], wanted != "*", !Self.tags(wanted).contains(tag) {
            throw APIError(.preconditionFailed, "changed", "This is another file now.")
        }
        let isSame = request.headers[.ifRange].map { $0 == tag } ?? true
        var headers: HTTPFields = [
            .contentType: key.type.rawValue, .acceptRanges: "bytes", .cacheControl: "private", .eTag: tag,
        ]
        let (range, status): (Range<Int64>, HTTPResponse.Status)
        switch ByteRange(isSame ? request.headers[.range] : nil, size: info.bytes) {
        case .whole: (range, status) = (0..<info.bytes, .ok)
        case .part(let part):
            (range, status) = (part, .partialContent)
            headers[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(info.bytes)"
        case .beyond:
            throw APIError.beyond(info.bytes)
        }
        guard request.method != .head else {
            headers[.contentLength] = "\(range.count)"
            return Response(status: status, headers: headers)
        }
        let body = ResponseBody(contentLength: range.count) { [store] writer in
            var offset = range.lowerBound
            while offset < range.upperBound {
                let bytes = try await store.read(key, offset..<min(offset + Self.piece, range.upperBound))
                // It was removed meanwhile: the connection ends before all was sent, and the client knows.
                guard !bytes.isEmpty else { throw StoreError.notFound(key) }
                try await writer.write(ByteBuffer(bytes: bytes))
                offset += Int64(bytes.count)
            }
            try await writer.finish(nil)
        }
        return Response(status: status, headers: headers, body: body)
    }

    /// The tags of a list (RFC 9110, section 8.8.3): ours hold no comma.
    private static func tags(_ field: String) -> [String] {
        field.split(separator: ",").map { $0.trimmingPrefix(" ").description }
    }

    private func put(_ request: Request, _ context: APIContext) async throws -> Response {
        let grant = try grant(request, context)
        guard let writing = grant.writing else { throw APIError.forbidden }
        if let length = request.headers[.contentLength].flatMap({ Int64($0) }), length != writing.bytes {
            throw APIError(
                length > writing.bytes ? .contentTooLarge : .badRequest, "wrong_length",
                "The file must have \(writing.bytes) bytes.")
        }
        if let type = request.headers[.contentType], type.lowercased() != grant.key.type.rawValue {
            throw APIError(.badRequest, "wrong_type", "The file must be sent as \(grant.key.type.rawValue).")
        }
        do {
            try await slots.run(for: context.address) {
                try await store.receive(grant, request.body.map { Array($0.readableBytesView) })
            }
        } catch StoreError.sealed {
            throw APIError(
                .preconditionFailed, "already_uploaded", "There is a file already; this address is good once.")
        } catch StoreError.refused {
            throw APIError(.badRequest, "wrong_length", "The file must have \(writing.bytes) bytes.")
        }
        return Response(status: .ok)
    }
}
