package import Database
import TestSupport
package import Testing

/// Runs a PostgreSQL for a suite; ``Postgres/database()`` gives each test a database of its own.
package struct PostgresTrait: SuiteTrait, TestScoping {
    package func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let scratch = try Scratch()
        var cluster = try EmbeddedCluster(folder: scratch.path("pg"), isDurable: false)
        cluster.makesDatabases = true
        try await cluster.run { settings in
            try await Postgres.$settings.withValue(settings) { try await function() }
        }
    }
}

extension Trait where Self == PostgresTrait {
    /// A PostgreSQL that the suite's tests share.
    package static var postgres: Self { Self() }
}

/// The PostgreSQL of the suite.
package enum Postgres {
    @TaskLocal static var settings: DatabaseSettings?

    /// A database that is empty and nobody else's.
    package static func database() async throws -> DatabaseSettings {
        var settings = try #require(settings, "the suite has no PostgreSQL")
        // However busy the machine is.
        (settings.connecting, settings.statement) = (.seconds(120), .seconds(120))
        let connection = try await Connection.open(settings)
        let row = try await connection.query(
            Statement("SELECT 'test_' || replace(gen_random_uuid()::text, '-', '') AS name"))[0]
        settings.database = try row["name"]
        try await connection.script("CREATE DATABASE \(settings.database)")
        return settings
    }
}
