public import FoundationEssentials
import LibAV
import Synchronization

/// Credentials that the machine hands out, good for some hours: of a container (ECS, EKS), or of a virtual machine (EC2, by version 2 of its
/// metadata service). They are asked for when they are needed first, and again before they run out.
public final class FetchedCredentials: CredentialsProvider {
    /// Where they come from.
    public enum Source: Hashable, Sendable {
        /// What `AWS_CONTAINER_CREDENTIALS_FULL_URI` or `…_RELATIVE_URI` lead to, with what `AWS_CONTAINER_AUTHORIZATION_TOKEN` holds.
        case container(url: String, authorization: String?)
        /// The machine's metadata service; its address is always the same one outside of tests.
        case machine(endpoint: String = "http://169.254.169.254")
    }

    private let source: Source
    private let now: @Sendable () -> Date
    private let kept = Mutex<AWSCredentials?>(nil)

    /// How long before their end others are asked for (AWS SDKs Reference Guide, "Container credential provider").
    private static let reserve = 300.0

    /// - Parameter now: the clock.
    public init(_ source: Source, now: @escaping @Sendable () -> Date = { Date() }) {
        self.source = source
        self.now = now
    }

    public func credentials() throws(HTTPError) -> AWSCredentials {
        // Whoever else needs them meanwhile waits for these.
        try kept.withLock { (kept) throws(HTTPError) in
            let left = kept.map { $0.expiration?.timeIntervalSince(now()) ?? .infinity }
            if let kept, let left, left > Self.reserve { return kept }
            do throws(HTTPError) {
                let fetched = try fetch()
                kept = fetched
                return fetched
            } catch {
                // What is still good for a while is better than nothing.
                if let kept, let left, left > 0 { return kept }
                throw error
            }
        }
    }

    private func fetch() throws(HTTPError) -> AWSCredentials {
        let client = try HTTPClient(patience: Self.patience)
        func ask(
            _ url: String, _ method: String = "GET", _ headers: [String: String] = [:]
        ) throws(HTTPError) -> [UInt8] {
            var request = HTTPRequest(url: url)
            (request.method, request.headers, request.followsRedirects) = (method, headers, false)
            return try Retrying(attempts: 3)(
                CancellationFlag(), isTransient: { if case .failed = $0 { true } else { false } }
            ) { () throws(HTTPError) in
                let response = try client.send(request, limit: 1 << 16, cancellation: CancellationFlag())
                guard response.status == 200 else {
                    throw .failed(reason: "'\(url)' answered \(response.status) when it was asked for credentials")
                }
                return response.body
            }
        }
        switch source {
        case .container(let url, let authorization):
            return try Self.read(ask(url, "GET", authorization.map { ["Authorization": $0] } ?? [:]))
        case .machine(let endpoint):
            // Amazon EC2 User Guide, "Use the Instance Metadata Service": a token, the role's name, its credentials.
            let token = try ask(
                "\(endpoint)/latest/api/token", "PUT", ["X-aws-ec2-metadata-token-ttl-seconds": "21600"])
            let headers = ["X-aws-ec2-metadata-token": String(decoding: token, as: UTF8.self)]
            let roles = "\(endpoint)/latest/meta-data/iam/security-credentials/"
            let names = String(decoding: try ask(roles, "GET", headers), as: UTF8.self).split(separator: "\n")
            guard let role = names.first else { throw .malformed(reason: "the machine has no role") }
            return try Self.read(ask(roles + role, "GET", headers))
        }
    }

    /// Who does not answer at once is not there.
    private static var patience: HTTPClient.Patience {
        var patience = HTTPClient.Patience()
        (patience.connecting, patience.stalled, patience.whole) = (2, 5, 10)
        return patience
    }

    private static func read(_ json: [UInt8]) throws(HTTPError) -> AWSCredentials {
        struct Content: Decodable {
            var accessKeyID, secretAccessKey, token, expiration: String

            enum CodingKeys: String, CodingKey {
                case accessKeyID = "AccessKeyId"
                case secretAccessKey = "SecretAccessKey"
                case token = "Token"
                case expiration = "Expiration"
            }
        }
        guard let content = try? JSONDecoder().decode(Content.self, from: Data(json)),
            let expiration = try? Date(content.expiration, strategy: .iso8601)
        else { throw .malformed(reason: "credentials that cannot be read") }
        return AWSCredentials(
            accessKeyID: content.accessKeyID, secretAccessKey: content.secretAccessKey, sessionToken: content.token,
            expiration: expiration)
    }
}
