/// Counts how often something was asked for, for all servers together.
public struct AttemptRepository: Sendable {
    private let pool: ConnectionPool

    public init(_ pool: ConnectionPool) { self.pool = pool }

    /// Counts an attempt.
    ///
    /// - Parameters:
    ///   - subject: what, and by whom.
    ///   - period: how long periods last, from full hours on.
    /// - Returns: how many there were in this period, with this one; and in how many seconds it ends.
    public func count(_ subject: String, per period: Duration) async throws -> (count: Int, secondsLeft: Int) {
        let seconds = Double(period.components.seconds)
        // A count may be lost with the server's power: nobody waits for the disk.
        let row = try await pool.query(
            Statement(
                """
                INSERT INTO attempts (subject, period, count)
                VALUES ($1, to_timestamp(floor(extract(epoch FROM now()) / $2::float8) * $2::float8), 1)
                ON CONFLICT (subject, period) DO UPDATE SET count = attempts.count + 1
                RETURNING count, ceil(extract(epoch FROM period) + $2::float8 - extract(epoch FROM now()))::integer AS left,
                    set_config('synchronous_commit', 'off', true)
                """, subject, seconds))[0]
        return (try row["count"], try row["left"])
    }

    /// Whether something was counted in the current period or the one before.
    public func isKnown(_ subject: String, per period: Duration) async throws -> Bool {
        let rows = try await pool.query(
            Statement(
                """
                SELECT 1 AS one FROM attempts WHERE subject = $1 AND period > now() - make_interval(secs => 2 * $2::float8) LIMIT 1
                """, subject, Double(period.components.seconds)))
        return !rows.isEmpty
    }

    /// Forgets what was two days ago.
    public func sweep() async throws -> Int {
        try await pool.query(Statement("DELETE FROM attempts WHERE period < now() - interval '2 days'")).touched
    }
}
