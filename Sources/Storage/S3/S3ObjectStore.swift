import Crypto
public import FoundationEssentials
public import LibAV
public import Transfer

/// A store that is a bucket of S3's, or of a server that speaks its protocol (Amazon S3 API Reference).
public struct S3ObjectStore: ObjectStore {
    private let settings: S3Settings
    private let client: AWSClient
    private let queue = BlockingQueue("s3", width: 16)

    /// As lists have them.
    private static let dates = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    public init(_ settings: S3Settings, credentials: any CredentialsProvider) {
        self.settings = settings
        client = AWSClient(
            region: settings.region, service: "s3", credentials: credentials, patience: settings.patience)
    }

    // MARK: Objects

    public func put(_ file: String, as key: ObjectKey) async throws(StoreError) {
        try await queue.run { cancellation throws(StoreError) in
            let source = try StoredFile.reading(file)
            let size = try StoredFile.info(file, key)?.bytes ?? 0
            if size <= PartedUpload.partBytes {
                try sendFile(
                    settings.request("PUT", key, headers: headers(key)), file, 0..<size,
                    try Self.digest(source, 0..<size), key, cancellation)
            } else {
                try putParts(file, source, size, key, cancellation)
            }
        }
    }

    private func putParts(
        _ file: String, _ source: StoredFile, _ size: Int64, _ key: ObjectKey, _ cancellation: CancellationFlag
    ) throws(StoreError) {
        let name = try begin(key, ["X-Amz-Checksum-Algorithm": "SHA256"], cancellation)
        let upload = PartedUpload.ID(key: key, name: name, bytes: size)
        do throws(StoreError) {
            var offset: Int64 = 0
            var checksums: [String] = []
            for (index, bytes) in PartedUpload.sizes(size).enumerated() {
                let range = offset..<(offset + bytes)
                let digest = try Self.digest(source, range)
                try sendFile(part(index + 1, of: upload), file, range, digest, key, cancellation)
                checksums.append(Self.checksum(digest))
                offset += bytes
            }
            try complete(upload, checksums, replacing: true, cancellation)
        } catch {
            // Parts that nobody asks for are paid for until they are removed; the task may have been cancelled.
            _ = try? send(request("DELETE", upload), key, CancellationFlag())
            throw error
        }
    }

    /// Sends a part of a file, which S3 checks on its way and keeps the checksum of.
    private func sendFile(
        _ request: AWSRequest, _ file: String, _ range: Range<Int64>, _ digest: SHA256.Digest, _ key: ObjectKey,
        _ cancellation: CancellationFlag
    ) throws(StoreError) {
        var request = request
        request.headers[Self.checksumField] = Self.checksum(digest)
        let response = try send(
            request, body: .file(file, range), digest: digest.hexadecimal, key, cancellation)
        // What has it otherwise than it was sent does not have it.
        guard let kept = response.headers[Self.checksumField.lowercased()] else { return }
        guard kept == Self.checksum(digest) else { throw .unavailable(reason: "it has '\(key)' with other content") }
    }

    private static let checksumField = "X-Amz-Checksum-Sha256"

    /// A digest as S3 has it.
    private static func checksum(_ digest: SHA256.Digest) -> String { Data(digest).base64EncodedString() }

    /// The sha256 of a part of a file.
    private static func digest(_ file: StoredFile, _ range: Range<Int64>) throws(StoreError) -> SHA256.Digest {
        var hash = SHA256()
        var offset = range.lowerBound
        while offset < range.upperBound {
            let bytes = try file.read(at: offset, count: Int(min(1 << 20, range.upperBound - offset)))
            guard !bytes.isEmpty else { throw .unreadable("the file", reason: "it has become shorter") }
            hash.update(data: bytes)
            offset += Int64(bytes.count)
        }
        return hash.finalize()
    }

    public func info(_ key: ObjectKey) async throws(StoreError) -> ObjectInfo? {
        try await queue.run { cancellation throws(StoreError) in
            let response: HTTPResponse
            do throws(StoreError) {
                response = try send(settings.request("HEAD", key), key, cancellation)
            } catch {
                if error == .notFound(key) { return nil }
                throw error
            }
            guard let bytes = response.headers["content-length"].flatMap({ Int64($0) }),
                let date = response.lastModified
            else { throw .refused(reason: "it does not say what '\(key)' is") }
            return ObjectInfo(key: key, bytes: bytes, date: date, tag: response.headers["etag"])
        }
    }

    public func read(_ key: ObjectKey, _ range: Range<Int64>) async throws(StoreError) -> [UInt8] {
        guard !range.isEmpty else { return [] }
        return try await queue.run { cancellation throws(StoreError) in
            do throws(StoreError) {
                let headers = ["Range": "bytes=\(range.lowerBound)-\(range.upperBound - 1)"]
                return try send(
                    settings.request("GET", key, headers: headers), limit: max(range.count, 1 << 16), key, cancellation
                ).body
            } catch {
                // Nothing is there behind the end.
                if error == .refused(reason: "InvalidRange") { return [] }
                throw error
            }
        }
    }

    public func remove(_ key: ObjectKey) async throws(StoreError) {
        try await queue.run { cancellation throws(StoreError) in
            do throws(StoreError) { _ = try send(settings.request("DELETE", key), key, cancellation) } catch {
                if error != .notFound(key) { throw error }
            }
        }
    }

    public func list(_ folder: ObjectKey.Folder, after last: ObjectKey?) async throws(StoreError) -> [ObjectInfo] {
        try await queue.run { cancellation throws(StoreError) in
            var query: [AWSRequest.Parameter] = [
                .init("list-type", "2"), .init("prefix", "\(folder)/"), .init("max-keys", "1000"),
            ]
            if let last { query.append(.init("start-after", last.description)) }
            let response = try send(settings.request("GET", query: query), limit: 8 << 20, nil, cancellation)
            let list: S3Answer.List = try S3Answer.read(response.body)
            return list.contents?.compactMap { object in
                guard let key = ObjectKey(object.key), let date = try? Self.dates.parse(object.lastModified)
                else { return nil }
                return ObjectInfo(key: key, bytes: object.size, date: date)
            } ?? []
        }
    }

    public func source(
        _ key: ObjectKey, matching tag: String?, at date: Date
    ) async throws(StoreError) -> any ByteSource {
        // Long enough for the longest run.
        let url = try await download(key, for: 3600, at: date).url
        return try await queue.run { cancellation throws(StoreError) in
            do throws(ByteSourceError) {
                return try HTTPByteSource(
                    url: url, matching: tag, patience: settings.patience, cancellation: cancellation)
            } catch {
                switch error {
                case .notFound: throw .notFound(key)
                case .transfer(_, HTTPByteSource.hasChanged): throw .changed(key)
                case .transfer(_, let reason): throw .unavailable(reason: reason)
                case .system: throw .unavailable(reason: "\(error)")
                }
            }
        }
    }

    // MARK: Somebody else's requests

    public func download(
        _ key: ObjectKey, for lifetime: Int, at date: Date
    ) async throws(StoreError) -> SignedRequest {
        try await presign(settings.request("GET", key), for: lifetime, at: date)
    }

    public func upload(
        _ key: ObjectKey, bytes: Int64, for lifetime: Int, at date: Date
    ) async throws(StoreError) -> SignedRequest {
        var headers = headers(key)
        headers["Content-Length"] = "\(bytes)"
        headers["If-None-Match"] = "*"
        return try await presign(settings.request("PUT", key, headers: headers), for: lifetime, at: date)
    }

    private func presign(
        _ request: AWSRequest, for lifetime: Int, at date: Date
    ) async throws(StoreError) -> SignedRequest {
        let url = try await queue.run { _ throws(StoreError) in
            do throws(HTTPError) { return try client.presign(request, for: lifetime, at: date) } catch {
                throw StoreError(error)
            }
        }
        return SignedRequest(
            method: request.method, url: url, headers: request.headers, expires: date + Double(lifetime))
    }

    // MARK: Large objects

    public func uploadInParts(
        _ key: ObjectKey, bytes: Int64, for lifetime: Int, at date: Date
    ) async throws(StoreError) -> PartedUpload {
        let name = try await queue.run { cancellation throws(StoreError) in try begin(key, [:], cancellation) }
        let id = PartedUpload.ID(key: key, name: name, bytes: bytes)
        var parts: [SignedRequest] = []
        for (index, size) in PartedUpload.sizes(bytes).enumerated() {
            var request = part(index + 1, of: id)
            request.headers["Content-Length"] = "\(size)"
            parts.append(try await presign(request, for: lifetime, at: date))
        }
        return PartedUpload(id: id, parts: parts)
    }

    public func finish(_ upload: PartedUpload.ID) async throws(StoreError) {
        try await queue.run { cancellation throws(StoreError) in
            try complete(upload, nil, replacing: false, cancellation)
        }
    }

    public func abandon(_ upload: PartedUpload.ID) async throws(StoreError) {
        try await queue.run { cancellation throws(StoreError) in
            do throws(StoreError) { _ = try send(request("DELETE", upload), upload.key, cancellation) } catch {
                if error != .notFound(upload.key) { throw error }
            }
        }
    }

    private func begin(
        _ key: ObjectKey, _ more: [String: String], _ cancellation: CancellationFlag
    ) throws(StoreError) -> String {
        let request = settings.request(
            "POST", key, query: [.init("uploads", "")], headers: headers(key).merging(more) { $1 })
        let begun: S3Answer.Begun = try S3Answer.read(try send(request, key, cancellation).body)
        return begun.uploadID
    }

    private func request(_ method: String, _ upload: PartedUpload.ID) -> AWSRequest {
        settings.request(method, upload.key, query: [.init("uploadId", upload.name)])
    }

    private func part(_ number: Int, of upload: PartedUpload.ID) -> AWSRequest {
        var request = request("PUT", upload)
        request.query.append(.init("partNumber", "\(number)"))
        return request
    }

    /// Makes one object of the parts that S3 has.
    ///
    /// - Parameters:
    ///   - checksums: those of the parts, where they were sent with any.
    ///   - replaces: false where an object that is there stays as it is.
    private func complete(
        _ upload: PartedUpload.ID, _ checksums: [String]?, replacing replaces: Bool, _ cancellation: CancellationFlag
    ) throws(StoreError) {
        let answer = try send(request("GET", upload), upload.key, cancellation)
        let list: S3Answer.Parts = try S3Answer.read(answer.body)
        let parts = (list.parts ?? []).sorted { $0.number < $1.number }
        let sizes = PartedUpload.sizes(upload.bytes)
        for (index, size) in sizes.enumerated() {
            guard parts.indices.contains(index), parts[index].number == index + 1, parts[index].size == size else {
                throw .refused(reason: "part \(index + 1) was not sent")
            }
        }
        let body = try S3Answer.completion(of: parts.prefix(sizes.count), checksums)
        var request = request("POST", upload)
        if !replaces { request.headers["If-None-Match"] = "*" }
        let response = try send(request, body: .bytes(body), upload.key, cancellation)
        // It may have failed after it began to answer.
        if let code = S3Answer.errorCode(response.body) { throw .unavailable(reason: code) }
    }

    // MARK: Sending

    private func headers(_ key: ObjectKey) -> [String: String] {
        var headers = ["Content-Type": key.type.rawValue]
        headers["X-Amz-Server-Side-Encryption"] = settings.encryption
        return headers
    }

    private func send(
        _ request: AWSRequest, body: HTTPRequest.Body = .none, digest: String? = nil, limit: Int = 1 << 20,
        _ key: ObjectKey?, _ cancellation: CancellationFlag
    ) throws(StoreError) -> HTTPResponse {
        do throws(AWSClient.Failure) {
            return try client.send(request, body, digest: digest, limit: limit, cancellation: cancellation)
        } catch {
            // Whatever the last attempt ended with: it was not tried again because of this.
            if cancellation.isCancelled { throw .cancelled }
            switch error {
            case .http(let error): throw StoreError(error)
            case .refused(let refusal):
                if refusal.status == 404, let key { throw .notFound(key) }
                if refusal.status == 412, let key { throw .sealed(key) }
                let code = S3Answer.errorCode(refusal.body) ?? "status \(refusal.status)"
                if refusal.status >= 500 || refusal.status == 429 { throw .unavailable(reason: code) }
                throw .refused(reason: code)
            }
        }
    }
}
