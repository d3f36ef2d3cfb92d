import Crypto
public import FoundationEssentials

/// Signs requests to AWS: Signature Version 4 (AWS General Reference, "Create a signed AWS API request").
public struct AWSSigner: Sendable {
    /// What of a request's content is signed.
    public enum Payload: Hashable, Sendable {
        /// All of it.
        case bytes([UInt8])
        /// All of it, by its sha256 in hexadecimal digits.
        case digest(String)
        /// Nothing: who has the address may send what they like.
        case unsigned

        fileprivate var digest: String {
            switch self {
            case .bytes(let bytes): SHA256.hash(data: bytes).hexadecimal
            case .digest(let digest): digest
            case .unsigned: "UNSIGNED-PAYLOAD"
            }
        }
    }

    private let credentials: AWSCredentials
    private let region: String
    private let service: String

    private static let algorithm = "AWS4-HMAC-SHA256"

    /// - Parameters:
    ///   - region: `eu-central-1`.
    ///   - service: `s3`, `sqs`.
    public init(_ credentials: AWSCredentials, region: String, service: String) {
        self.credentials = credentials
        self.region = region
        self.service = service
    }

    /// Signs in the header.
    ///
    /// - Parameter date: when it is sent; AWS takes it for five minutes.
    public func sign(_ request: AWSRequest, _ payload: Payload, at date: Date) -> HTTPRequest {
        var request = request
        request.headers["Host"] = request.host
        request.headers["X-Amz-Date"] = Self.stamp(date)
        if let token = credentials.sessionToken { request.headers["X-Amz-Security-Token"] = token }
        if service == "s3" { request.headers["X-Amz-Content-Sha256"] = payload.digest }
        let signature = signature(of: request, payload, at: date)
        request.headers["Authorization"] =
            "\(Self.algorithm) Credential=\(credentials.accessKeyID)/\(scope(date)), "
            + "SignedHeaders=\(Self.signedHeaders(request)), Signature=\(signature)"
        var signed = HTTPRequest(url: request.url)
        signed.method = request.method
        signed.headers = request.headers
        return signed
    }

    /// An address that somebody else can ask, until it expires; the request's header fields must be sent as they are.
    ///
    /// - Parameters:
    ///   - lifetime: in seconds; a week at the most.
    ///   - date: when it begins to be of use.
    public func presign(
        _ request: AWSRequest, _ payload: Payload = .unsigned, for lifetime: Int, at date: Date
    ) -> String {
        var request = request
        request.headers["Host"] = request.host
        request.query += [
            .init("X-Amz-Algorithm", Self.algorithm),
            .init("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope(date))"),
            .init("X-Amz-Date", Self.stamp(date)), .init("X-Amz-Expires", "\(lifetime)"),
            .init("X-Amz-SignedHeaders", Self.signedHeaders(request)),
        ]
        if let token = credentials.sessionToken { request.query.append(.init("X-Amz-Security-Token", token)) }
        let signature = signature(of: request, payload, at: date)
        return "\(request.url)&X-Amz-Signature=\(signature)"
    }

    // MARK: The signature

    private func signature(of request: AWSRequest, _ payload: Payload, at date: Date) -> String {
        let canonical = [
            request.method, canonicalPath(request.path), request.canonicalQuery, Self.canonicalHeaders(request),
            Self.signedHeaders(request), payload.digest,
        ].joined(separator: "\n")
        let text = [
            Self.algorithm, Self.stamp(date), scope(date), SHA256.hash(data: Data(canonical.utf8)).hexadecimal,
        ].joined(separator: "\n")
        // The key is good for a day, a region and a service.
        let key = [Self.day(date), region, service, "aws4_request"]
            .reduce(SymmetricKey(data: Data("AWS4\(credentials.secretAccessKey)".utf8))) { key, part in
                SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Data(part.utf8), using: key))
            }
        return HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key).hexadecimal
    }

    private func scope(_ date: Date) -> String { "\(Self.day(date))/\(region)/\(service)/aws4_request" }

    /// S3's keys are encoded once, as they are sent; every other service has what is sent encoded again.
    private func canonicalPath(_ path: String) -> String {
        let sent = AWSRequest.encode(path, keeping: "/")
        return service == "s3" ? sent : AWSRequest.encode(sent, keeping: "/")
    }

    private static func canonicalHeaders(_ request: AWSRequest) -> String {
        request.headers.map { (name: $0.key.lowercased(), value: $0.value) }.sorted { $0.name < $1.name }
            .map { "\($0.name):\($0.value.split(separator: " ").joined(separator: " "))\n" }.joined()
    }

    private static func signedHeaders(_ request: AWSRequest) -> String {
        request.headers.keys.map { $0.lowercased() }.sorted().joined(separator: ";")
    }

    private static func stamp(_ date: Date) -> String {
        date.formatted(
            Date.ISO8601FormatStyle(dateSeparator: .omitted, dateTimeSeparator: .standard, timeSeparator: .omitted))
    }

    private static func day(_ date: Date) -> String { String(stamp(date).prefix(8)) }
}
