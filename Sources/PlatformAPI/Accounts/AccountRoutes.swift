import Database
import FoundationEssentials
import Hummingbird
import JWTKit

/// `/api/auth`: signing up, logging in and out.
struct AccountRoutes: Sendable {
    let users: UserRepository
    let revoked: TokenRepository
    let passwords: Passwords
    let tokens: AccessTokens
    let authenticator: Authenticator
    let limits: RateLimits

    func add(to router: RouterGroup<APIContext>) {
        router.post("signup", use: signUp).post("login", use: logIn).post("logout", use: logOut)
            .get("profile", use: profile)
    }

    /// Somebody, as they see themselves.
    private struct UserBody: Encodable {
        var id: Int
        var firstName, lastName, email, city, country: String

        init(_ user: User) {
            id = user.id.rawValue
            (firstName, lastName, email) = (user.firstName, user.lastName, user.email)
            (city, country) = (user.city, user.country)
        }
    }

    private struct SignUp: Decodable {
        var firstName, lastName, email, password1, password2, city, country: String?
    }

    private func signUp(_ request: Request, _ context: APIContext) async throws -> Response {
        try await limits.check(.signUp, by: context.address)
        let sent = try await JSON.read(SignUp.self, from: request)
        var fields = Fields()
        let (first, last) = (fields.text("first_name", sent.firstName), fields.text("last_name", sent.lastName))
        let email = fields.email("email", sent.email)
        let (city, country) = (fields.text("city", sent.city), fields.text("country", sent.country))
        let password = fields.password(("password1", sent.password1), ("password2", sent.password2))
        try fields.check()
        let new = UserRepository.New(
            firstName: first, lastName: last, email: email, passwordHash: try await passwords.hash(password),
            city: city,
            country: country)
        guard let user = try await users.add(new) else {
            throw APIError(
                .conflict, "email_taken", "Somebody has an account with this address.", fields: ["email": "is taken"])
        }
        return try JSON.response(UserBody(user), status: .created)
    }

    private struct LogIn: Decodable { var email, password: String? }

    private struct LoggedIn: Encodable {
        var token: String
        var user: UserBody
        var accessToken: String
        var tokenType = "Bearer"
        var expiresIn: Int
    }

    private func logIn(_ request: Request, _ context: APIContext) async throws -> Response {
        let sent = try await JSON.read(LogIn.self, from: request)
        var fields = Fields()
        let email = fields.text("email", sent.email)
        if sent.password?.isEmpty ?? true { fields.refuse("password", "is missing") }
        try fields.check()
        try await limits.check(.logIn, by: context.address)
        try await limits.check(.logInAs, by: email.lowercased())
        let known = try await users.credentials(for: email)
        let isRight = try await passwords.verify(sent.password ?? "", known?.passwordHash)
        guard let known, isRight else { throw APIError.wrongCredentials }
        let token = try await tokens.make(for: known.user.id, at: Date())
        return try JSON.response(
            LoggedIn(token: token, user: UserBody(known.user), accessToken: token, expiresIn: tokens.lifetime))
    }

    private func logOut(_ request: Request, _ context: APIContext) async throws -> Response {
        let (_, claims) = try await authenticator.identity(request)
        if let token = claims.token { try await revoked.revoke(token, expiring: claims.exp.value) }
        return try JSON.response(["message": "You are logged out."])
    }

    private func profile(_ request: Request, _ context: APIContext) async throws -> Response {
        try JSON.response(UserBody(try await authenticator.user(request)))
    }
}
