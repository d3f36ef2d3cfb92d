public import Transfer

/// Which bucket, and how it is reached.
public struct S3Settings: Sendable {
    public var bucket: String
    /// `eu-central-1`.
    public var region: String
    /// Where S3 is, where it is not AWS's: `http://127.0.0.1:5000`. Buckets are then parts of the path.
    public var endpoint: String?
    /// What S3 encrypts objects with on its disks: `AES256` or `aws:kms`; nil leaves it to the bucket.
    public var encryption: String?
    /// How long each answer is waited for.
    public var patience = HTTPClient.Patience()

    public init(bucket: String, region: String, endpoint: String? = nil, encryption: String? = nil) {
        self.bucket = bucket
        self.region = region
        self.endpoint = endpoint
        self.encryption = encryption
    }

    /// A request for something of the bucket's.
    ///
    /// - Parameter path: the object's; nil for the bucket itself.
    func request(
        _ method: String, _ path: ObjectKey? = nil, query: [AWSRequest.Parameter] = [], headers: [String: String] = [:]
    ) -> AWSRequest {
        let object = "/\(path.map(\.description) ?? "")"
        guard let endpoint else {
            return AWSRequest(
                method, host: "\(bucket).s3.\(region).amazonaws.com", path: object, query: query, headers: headers)
        }
        let parts = endpoint.split(separator: "://", maxSplits: 1)
        let host = parts.last?.drop { $0 == "/" }.prefix { $0 != "/" } ?? ""
        return AWSRequest(
            method, scheme: parts.count == 2 ? String(parts[0]) : "https", host: String(host),
            path: "/\(bucket)\(object)",
            query: query, headers: headers)
    }
}
