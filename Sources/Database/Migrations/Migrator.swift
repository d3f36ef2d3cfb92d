/// Brings a database's schema up to date.
public struct Migrator: Sendable {
    private let migrations: [Migration]

    /// What everybody who migrates takes a lock on, whatever else is locked in the database: "cortina" as a number.
    private static let lock = 0x636f_7274_696e_61

    public init(_ migrations: [Migration]) { self.migrations = migrations }

    /// Applies what was not applied yet, each migration in a transaction of its own; one process at a time.
    ///
    /// A database may be ahead of its program, so that the program can be rolled back.
    ///
    /// - Parameter settings: where, with time enough for the longest migration.
    /// - Returns: the names of those that were applied.
    /// - Throws: ``DatabaseError/migration(_:)`` where one that was applied has changed, or one that was not comes before one
    ///   that was; ``DatabaseError``.
    @discardableResult
    public func migrate(_ settings: DatabaseSettings) async throws(DatabaseError) -> [String] {
        // The lock goes with the connection.
        let connection = try await Connection.open(settings)
        try await connection.query(Statement("SELECT pg_advisory_lock($1)", Self.lock))
        try await connection.script(
            """
            CREATE TABLE IF NOT EXISTS schema_migrations (
                name text PRIMARY KEY,
                checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now()
            )
            """)
        let due = try due(after: try await connection.query(Statement("SELECT name, checksum FROM schema_migrations")))
        for migration in due {
            do {
                try await connection.query(Statement("BEGIN"))
                try await connection.script(migration.sql)
                try await connection.query([
                    Statement(
                        "INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)", migration.name,
                        migration.checksum),
                    Statement("COMMIT"),
                ])
            } catch .refused(let error) {
                throw .migration("\(migration.name) cannot be applied: \(error.message)")
            }
        }
        return due.map(\.name)
    }

    /// The names of those that are not applied yet.
    ///
    /// - Throws: ``DatabaseError``.
    public func pending(_ settings: DatabaseSettings) async throws(DatabaseError) -> [String] {
        let connection = try await Connection.open(settings)
        let known = try await connection.query(
            Statement("SELECT to_regclass('schema_migrations') IS NOT NULL AS known"))
        guard try known[0]["known"] else { return migrations.map(\.name) }
        return try due(after: try await connection.query(Statement("SELECT name, checksum FROM schema_migrations")))
            .map(\.name)
    }

    private func due(after rows: Rows) throws(DatabaseError) -> [Migration] {
        var applied: [String: String] = [:]
        for row in rows { applied[try row["name"]] = try row["checksum"] }
        for migration in migrations where applied[migration.name].map({ $0 != migration.checksum }) == true {
            throw .migration("\(migration.name) was changed after it was applied: make another migration instead")
        }
        let due = migrations.filter { applied[$0.name] == nil }
        if let last = migrations.last(where: { applied[$0.name] != nil }), let first = due.first, first.name < last.name
        {
            throw .migration("\(first.name) was not applied, though \(last.name) after it was")
        }
        return due
    }
}
