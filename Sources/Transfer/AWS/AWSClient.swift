import Crypto
package import FoundationEssentials
package import LibAV
import Synchronization

/// Sends signed requests to a service of AWS's, and again where it has troubles of its own. Blocks: never call it on Swift's
/// cooperative threads.
package final class AWSClient: Sendable {
    /// What a service refused.
    package struct Refusal: Error, Sendable {
        package var status: Int
        package var body: [UInt8]
    }

    /// Why there is no answer.
    package enum Failure: Error, Sendable {
        case http(HTTPError)
        case refused(Refusal)
    }

    private let region: String
    private let service: String
    private let provider: any CredentialsProvider
    private let patience: HTTPClient.Patience
    private let retrying: Retrying
    /// Those that nobody uses at the moment, with their connections.
    private let idle = Mutex<[HTTPClient]>([])

    package init(
        region: String, service: String, credentials: any CredentialsProvider, patience: HTTPClient.Patience = .init(),
        attempts: Int = 5
    ) {
        self.patience = patience
        self.region = region
        self.service = service
        provider = credentials
        retrying = Retrying(attempts: attempts)
    }

    /// Sends a request until it is answered with a status from 200 to 299.
    ///
    /// - Parameters:
    ///   - digest: sha256 of the content in hexadecimal digits, where it is known already.
    ///   - limit: the most bytes of content that are taken.
    package func send(
        _ request: AWSRequest, _ body: HTTPRequest.Body = .none, digest: String? = nil, limit: Int = 1 << 20,
        cancellation: CancellationFlag
    ) throws(Failure) -> HTTPResponse {
        let payload: AWSSigner.Payload =
            switch (digest, body) {
            case (let digest?, _): .digest(digest)
            case (nil, .bytes(let bytes)): .bytes(bytes)
            case (nil, .none): .bytes([])
            case (nil, .file): .unsigned
            }
        return try retrying(
            cancellation, isTransient: Self.isTransient
        ) { () throws(Failure) in
            let response: HTTPResponse
            do throws(HTTPError) {
                var signed = try signer().sign(request, payload, at: Date())
                signed.body = body
                let kept = idle.withLock { $0.popLast() }
                let client = if let kept { kept } else { try HTTPClient(patience: patience) }
                response = try client.send(signed, limit: limit, cancellation: cancellation)
                idle.withLock { $0.append(client) }
            } catch {
                throw .http(error)
            }
            guard 200..<300 ~= response.status else {
                throw .refused(Refusal(status: response.status, body: response.body))
            }
            return response
        }
    }

    /// An address that somebody else can ask, for so many seconds from a moment on.
    package func presign(_ request: AWSRequest, for lifetime: Int, at date: Date) throws(HTTPError) -> String {
        try signer().presign(request, for: lifetime, at: date)
    }

    private func signer() throws(HTTPError) -> AWSSigner {
        AWSSigner(try provider.credentials(), region: region, service: service)
    }

    private static func isTransient(_ failure: Failure) -> Bool {
        switch failure {
        case .http(.failed): true
        case .http: false
        case .refused(let refusal): HTTPResponse.isTransient(refusal.status)
        }
    }
}
