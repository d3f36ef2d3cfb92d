public import struct FoundationEssentials.Date
public import struct FoundationEssentials.UUID

/// Which tokens were revoked before they expire.
public struct TokenRepository: Sendable {
    private let pool: ConnectionPool

    public init(_ pool: ConnectionPool) { self.pool = pool }

    /// Where revoked tokens are announced; the payload is the token's id.
    public static let revocations = Listener.Channel("revoked_tokens")

    /// Makes a token invalid, and announces it to all servers.
    public func revoke(_ token: UUID, expiring date: Date) async throws {
        _ = try await pool.query(
            Statement(
                """
                WITH revoked AS (
                    INSERT INTO revoked_tokens (id, expires_at) VALUES ($1::uuid, $2) ON CONFLICT DO NOTHING
                )
                SELECT pg_notify('revoked_tokens', $1::uuid::text)
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

    /// Those of some tokens that were revoked.
    public func revoked(among tokens: Set<UUID>) async throws -> Set<UUID> {
        guard !tokens.isEmpty else { return [] }
        let rows = try await pool.query(
            Statement(
                "SELECT id::text AS id FROM revoked_tokens WHERE id = ANY($1::uuid[])",
                tokens.map(\.uuidString)))
        return Set(
            try rows.map { row throws(DatabaseError) -> String in try row["id"] }.compactMap { UUID(uuidString: $0) })
    }

    /// Forgets tokens that have expired by themselves.
    ///
    /// - Returns: how many there were.
    public func sweep() async throws -> Int {
        try await pool.query(Statement("DELETE FROM revoked_tokens WHERE expires_at < now()")).touched
    }
}
