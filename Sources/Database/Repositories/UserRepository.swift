/// Who has an account.
public struct UserRepository: Sendable {
    private let pool: ConnectionPool

    public init(_ pool: ConnectionPool) { self.pool = pool }

    /// What an account is made of.
    public struct New: Sendable {
        public var firstName: String
        public var lastName: String
        public var email: String
        /// The canonical form of the address: no two accounts have the same.
        public var emailKey: String
        /// In the form that ``UserRepository/credentials(for:)`` gives it back.
        public var passwordHash: String
        public var city: String
        public var country: String

        public init(
            firstName: String, lastName: String, email: String, emailKey: String, passwordHash: String, city: String,
            country: String
        ) {
            self.firstName = firstName
            self.lastName = lastName
            self.email = email
            self.emailKey = emailKey
            self.passwordHash = passwordHash
            self.city = city
            self.country = country
        }
    }

    /// Makes an account.
    ///
    /// - Returns: nil if an account has this address already.
    public func add(_ new: New) async throws -> User? {
        let rows = try await pool.query(
            Statement(
                """
                INSERT INTO users (first_name, last_name, email, email_key, password_hash, city, country)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT DO NOTHING
                RETURNING id, first_name, last_name, email, city, country
                """, new.firstName, new.lastName, new.email, new.emailKey, new.passwordHash, new.city, new.country))
        return try rows.first.map(User.init)
    }

    /// Somebody's account.
    public func user(_ id: UserID) async throws -> User? {
        try await pool.query(
            Statement("SELECT id, first_name, last_name, email, city, country FROM users WHERE id = $1", id)
        ).first.map(User.init)
    }

    /// The account with an address, in its canonical form, and the hash of its password.
    public func credentials(for emailKey: String) async throws -> (user: User, passwordHash: String)? {
        let rows = try await pool.query(
            Statement(
                """
                SELECT id, first_name, last_name, email, city, country, password_hash
                FROM users WHERE email_key = $1
                """, emailKey))
        return try rows.first.map { (try User($0), try $0["password_hash"]) }
    }
}
