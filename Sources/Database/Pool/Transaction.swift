extension ConnectionPool {
    /// What transactions see of each other (PostgreSQL 15, 13.2).
    public enum Isolation: Sendable {
        case readCommitted
        case serializable

        fileprivate var begin: Statement {
            switch self {
            case .readCommitted: Statement("BEGIN ISOLATION LEVEL READ COMMITTED")
            case .serializable: Statement("BEGIN ISOLATION LEVEL SERIALIZABLE")
            }
        }
    }

    /// Runs statements in one transaction, again from its beginning where another one was in the way.
    ///
    /// - Parameters:
    ///   - attempts: how often it is tried at the most.
    ///   - body: what happens in it; whatever it throws rolls it back. It may be called several times.
    /// - Throws: ``DatabaseError``; whatever `body` throws.
    public nonisolated(nonsending) func transaction<Result>(
        _ isolation: Isolation = .readCommitted, attempts: Int = 5, _ body: (Connection) async throws -> Result
    ) async throws -> Result {
        var attempt = 1
        while true {
            do {
                return try await withConnection { connection in try await connection.transaction(isolation.begin, body)
                }
            } catch DatabaseError.refused(let error) where error.isConflict && attempt < attempts {
                // Those that were in each other's way must not meet again.
                try await Task.sleep(for: .milliseconds(Int.random(in: 1...(10 << attempt))))
                attempt += 1
            }
        }
    }
}

extension Connection {
    fileprivate nonisolated(nonsending) func transaction<Result>(
        _ begin: Statement, _ body: (Connection) async throws -> Result
    ) async throws -> Result {
        try await query(begin)
        do {
            let result = try await body(self)
            try await query(Statement("COMMIT"))
            return result
        } catch {
            // A connection that cannot roll back is not used again, and the server rolls back.
            _ = try? await query(Statement("ROLLBACK"))
            throw error
        }
    }
}
