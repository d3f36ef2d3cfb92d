public import struct FoundationEssentials.Date
public import struct FoundationEssentials.UUID

/// Which tokens were revoked before they expire.
public struct TokenRepository: Sendable {
    private let pool: ConnectionPool

    public init(_ pool: ConnectionPool) { self.pool = pool }

    /// Makes a token be of no use any more.
    public func revoke(_ token: UUID, expiring date: Date) async throws {
        _ = try await pool.query(
            Statement(
                """
                INSERT INTO revoked_tokens (id, expires_at) VALUES ($1::uuid, $2) ON CONFLICT DO NOTHING
                """, token.uuidString, date))
    }

    /// The user of a token; nil where it was revoked, or there is no such user any more.
    public func user(_ id: UserID, with token: UUID) async throws -> User? {
        try await pool.query(
            Statement(
                """
                SELECT id, first_name, last_name, email, city, country FROM users
                WHERE id = $1 AND NOT EXISTS (SELECT FROM revoked_tokens WHERE id = $2::uuid)
                """, id, token.uuidString)
        ).first.map(User.init)
    }

    /// Forgets tokens that have expired by themselves.
    ///
    /// - Returns: how many there were.
    public func sweep() async throws -> Int {
        try await pool.query(Statement("DELETE FROM revoked_tokens WHERE expires_at < now()")).touched
    }
}
