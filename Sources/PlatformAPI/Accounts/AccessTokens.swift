import Crypto
import Database
import FoundationEssentials
import JWTKit

/// Makes and reads the tokens that say who somebody is: JSON Web Tokens (RFC 7519), HS256.
struct AccessTokens: Sendable {
    /// A key that tokens are signed with.
    struct Key: Sendable {
        /// Its name, in the header of tokens (`kid`).
        var name: String
        var secret: [UInt8]
    }

    /// What a token says.
    struct Claims: JWTPayload {
        var sub: SubjectClaim
        var jti: IDClaim
        var iat: IssuedAtClaim
        var exp: ExpirationClaim
        /// Ours have none; one that is there counts (RFC 7519, section 4.1.5).
        var nbf: NotBeforeClaim?

        func verify(using key: some JWTAlgorithm) throws {
            try exp.verifyNotExpired()
            try nbf?.verifyNotBefore()
        }

        /// Who it is.
        var user: UserID? { UserID(sub.value) }
        /// Which token it is.
        var token: UUID? { UUID(uuidString: jti.value) }
    }

    /// Token lifetime, in seconds.
    let lifetime: Int
    private let keys: JWTKeyCollection
    private let signing: JWKIdentifier

    /// - Parameters:
    ///   - keys: the first key signs; all verify, so that keys can be rotated.
    /// - Throws: ``SetupError``.
    init(_ keys: [Key], lifetime: Int) async throws {
        guard let first = keys.first else { throw SetupError.noTokenKey }
        let collection = JWTKeyCollection()
        for key in keys {
            // RFC 7518, section 3.2: as long as the hash at least.
            guard key.secret.count >= 32 else { throw SetupError.shortTokenKey(key.name) }
            await collection.add(
                hmac: HMACKey(key: SymmetricKey(data: key.secret)), digestAlgorithm: .sha256,
                kid: .init(string: key.name))
        }
        self.keys = collection
        self.lifetime = lifetime
        signing = .init(string: first.name)
    }

    /// A token for somebody.
    func make(for user: UserID, at date: Date) async throws -> String {
        let claims = Claims(
            sub: .init(value: user.description), jti: .init(value: UUID().uuidString), iat: .init(value: date),
            exp: .init(value: date + Double(lifetime)))
        return try await keys.sign(claims, kid: signing)
    }

    /// Returns a token's claims; nil if it is invalid or expired.
    func read(_ token: String) async -> Claims? { try? await keys.verify(token, as: Claims.self) }
}
