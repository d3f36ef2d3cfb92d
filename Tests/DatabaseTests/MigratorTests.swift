import Foundation
import PlatformSupport
import TestSupport
import Testing

@testable import Database

@Suite(.postgres)
struct MigratorTests {
    private static let migrations = Result { () throws(DatabaseError) in
        try Migration.all(in: Checkout.file("migrations"))
    }

    private func names(_ settings: DatabaseSettings) async throws -> [String] {
        try await Connection.open(settings).query(Statement("SELECT name FROM schema_migrations ORDER BY name"))
            .map { try $0["name"] }
    }

    @Test("the platform's migrations are applied in order, once, whoever else applies them at the moment")
    func platform() async throws {
        let migrations = try Self.migrations.get()
        #expect(
            migrations.map(\.name).prefix(5) == [
                "001_create_user_table.sql", "002_create_video_table.sql", "003_add_is_public_to_videos.sql",
                "004_create_votes_table.sql", "005_create_player_rankings_view.sql",
            ])
        let settings = try await Postgres.database()
        let applied = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<4 { group.addTask { try await Migrator(migrations).migrate(settings) } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(applied == migrations.map(\.name))
        #expect(try await names(settings) == applied)
    }

    @Test("psql applies them too, one by one, and the schema is the same")
    func psql() async throws {
        func tool(_ program: String, _ settings: DatabaseSettings, _ arguments: [String]) throws -> String {
            let result = try Tool.run(
                program, ["-h", settings.host, "-U", settings.user, "-d", settings.database] + arguments)
            #expect(result.status == 0, "\(result.errors)")
            return result.output
        }
        let (ours, theirs) = (try await Postgres.database(), try await Postgres.database())
        try await Migrator(try Self.migrations.get()).migrate(ours)
        for migration in try Self.migrations.get() {
            _ = try tool(
                "psql", theirs, ["-qv", "ON_ERROR_STOP=1", "-f", Checkout.file("migrations/\(migration.name)")])
        }
        func schema(_ settings: DatabaseSettings) throws -> [Substring] {
            // A dump has a key of its own against what may hide in it.
            try tool("pg_dump", settings, ["--schema-only", "--exclude-table", "schema_migrations"]).split(
                separator: "\n"
            )
            .filter { !$0.contains("restrict ") }
        }
        let made = try schema(ours)
        #expect(try made == schema(theirs) && made.contains { $0.contains("player_rankings") })
    }

    @Test("one that was changed after it was applied, and one that comes too late, are refused")
    func order() async throws {
        let settings = try await Postgres.database()
        let first = Migration(name: "001_a.sql", sql: "CREATE TABLE a (n int)")
        let second = Migration(name: "002_b.sql", sql: "CREATE TABLE b (n int)")
        let third = Migration(name: "003_c.sql", sql: "CREATE TABLE c (n int)")
        #expect(try await Migrator([first, third]).migrate(settings) == ["001_a.sql", "003_c.sql"])
        let late = await #expect(throws: DatabaseError.self) {
            try await Migrator([first, second, third]).migrate(settings)
        }
        #expect(late?.description == "002_b.sql was not applied, though 003_c.sql after it was")
        let changed = Migration(name: "001_a.sql", sql: "CREATE TABLE a (n bigint)")
        let error = await #expect(throws: DatabaseError.self) {
            try await Migrator([changed, third]).migrate(settings)
        }
        #expect(error?.description.contains("001_a.sql was changed after it was applied") == true)
        // A program that was rolled back knows less than its database.
        #expect(try await Migrator([first]).migrate(settings).isEmpty)
    }

    @Test("one that fails leaves nothing of itself, and what came before it stays")
    func failing() async throws {
        let settings = try await Postgres.database()
        let good = Migration(name: "001_a.sql", sql: "CREATE TABLE a (n int)")
        let bad = Migration(name: "002_b.sql", sql: "CREATE TABLE b (n int); CREATE TABLE a (n int)")
        let error = await #expect(throws: DatabaseError.self) { try await Migrator([good, bad]).migrate(settings) }
        #expect(error?.description == "002_b.sql cannot be applied: relation \"a\" already exists")
        #expect(try await names(settings) == ["001_a.sql"])
        let b = try await Connection.open(settings).query(Statement("SELECT to_regclass('b') IS NULL AS absent"))
        #expect(try b[0]["absent"] == true)
    }

    @Test("a folder that is not there, and two migrations with one number, are errors")
    func folders() throws {
        let scratch = try Scratch()
        #expect(throws: DatabaseError.self) { try Migration.all(in: scratch.path("absent")) }
        for name in ["001_a.sql", "001_b.sql", "notes.txt"] {
            try Data("SELECT 1".utf8).write(to: URL(filePath: scratch.path(name)))
        }
        #expect(throws: DatabaseError.migration("two migrations have the number '001'")) {
            try Migration.all(in: scratch.folder.path)
        }
    }
}
