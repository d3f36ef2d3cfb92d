import Database
import Hummingbird

/// Finds out who sends a request.
struct Authenticator: Sendable {
    let tokens: AccessTokens
    let revoked: TokenRepository

    /// Who sends a request, and what their token says.
    ///
    /// - Throws: ``APIError/unauthorized`` where nobody says so, or the token is of no use.
    func identity(_ request: Request) async throws -> (user: User, claims: AccessTokens.Claims) {
        guard let field = request.headers[.authorization], field.count > 7, field.prefix(7).lowercased() == "bearer ",
            let claims = await tokens.read(String(field.dropFirst(7))), let id = claims.user, let token = claims.token,
            let user = try await revoked.user(id, with: token)
        else { throw APIError.unauthorized }
        return (user, claims)
    }

    /// Who sends a request.
    ///
    /// - Throws: ``APIError/unauthorized``.
    func user(_ request: Request) async throws -> User { try await identity(request).user }
}
