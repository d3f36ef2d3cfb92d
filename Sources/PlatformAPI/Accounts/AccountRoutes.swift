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
    let devices: DeviceCookies
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
        // Cancelled if the client disconnects.
        let hash = try await context.whilePresent { [passwords] in
            try await passwords.hash(password, for: context.address)
        }
        let new = UserRepository.New(
            firstName: first, lastName: last, email: email, emailKey: CanonicalText.emailKey(email), passwordHash: hash,
            city: city, country: country)
        guard let user = try await users.add(new) else {
            throw APIError(
                .conflict, "email_taken", "Somebody has an account with this address.", fields: ["email": "is taken"])
        }
        // The owner's first log-in is not held up by whoever guesses passwords meanwhile.
        try await limits.remember(Self.knownAddress(new.emailKey, context.address))
        var response = try JSON.response(UserBody(user), status: .created)
        response.headers[.setCookie] = devices.field(for: user.id, nil)
        return response
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
        let key = CanonicalText.emailKey(email)
        let known = try await users.credentials(for: key)
        let device = known.flatMap { devices.device(of: $0.user.id, request.headers) }
        try await limits.check(.logInAs, by: try await attempter(key, device, context.address))
        let password = sent.password ?? ""
        let isRight = try await context.whilePresent { [passwords] in
            try await passwords.verify(password, known?.passwordHash, for: context.address)
        }
        guard let known, isRight else { throw APIError.wrongCredentials }
        try await limits.remember(Self.knownAddress(key, context.address))
        let token = try await tokens.make(for: known.user.id, at: Date())
        var response = try JSON.response(
            LoggedIn(token: token, user: UserBody(known.user), accessToken: token, expiresIn: tokens.lifetime))
        response.headers[.setCookie] = devices.field(for: known.user.id, device)
        return response
    }

    /// The subject that a log-in is counted under: a device or an address from which the account was logged in to before has a limit of its
    /// own; all others share one.
    private func attempter(_ key: String, _ device: String?, _ address: String) async throws -> String {
        if let device { return "\(key) device \(device)" }
        if try await limits.isKnown(Self.knownAddress(key, address)) { return "\(key) address \(address)" }
        return key
    }

    private static func knownAddress(_ key: String, _ address: String) -> String { "known \(key) \(address)" }

    private func logOut(_ request: Request, _ context: APIContext) async throws -> Response {
        let (_, claims) = try await authenticator.identity(request)
        if let token = claims.token { try await revoked.revoke(token, expiring: claims.exp.value) }
        return try JSON.response(["message": "You are logged out."])
    }

    private func profile(_ request: Request, _ context: APIContext) async throws -> Response {
        try JSON.response(UserBody(try await authenticator.user(request)))
    }
}
