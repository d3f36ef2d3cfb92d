import Database
import Hummingbird

/// Authenticates requests.
struct Authenticator: Sendable {
    let tokens: AccessTokens
    let revoked: TokenRepository

    /// Returns the sender of a request and the claims of their token.
    ///
    /// - Throws: ``APIError/unauthorized`` if there is no token, or it is invalid, expired or revoked.
    func identity(_ request: Request) async throws -> (user: User, claims: AccessTokens.Claims) {
        guard let field = request.headers[.authorization], field.count > 7, field.prefix(7).lowercased() == "bearer ",
            let claims = await tokens.read(String(field.dropFirst(7))), let id = claims.user, let token = claims.token,
            let user = try await revoked.user(id, with: token)
        else { throw APIError.unauthorized }
        return (user, claims)
    }

    /// Returns the sender of a request.
    ///
    /// - Throws: ``APIError/unauthorized``.
    func user(_ request: Request) async throws -> User { try await identity(request).user }
}
