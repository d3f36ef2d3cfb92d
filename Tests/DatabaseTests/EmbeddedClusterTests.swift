import Foundation
import TestSupport
import Testing

@testable import Database

struct EmbeddedClusterTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func server() throws -> pid_t {
        let text = try String(contentsOfFile: scratch.path("pg/data/postmaster.pid"), encoding: .utf8)
        return try #require(text.split(separator: "\n").first.flatMap { pid_t($0) })
    }

    private func isRunning(_ process: pid_t) -> Bool {
        // A child that has ended and was not asked for has an empty command line.
        FileManager.default.contents(atPath: "/proc/\(process)/cmdline")?.isEmpty == false
    }

    @Test("what was committed is there when it is started again, and nothing runs in between")
    func again() async throws {
        let cluster = try EmbeddedCluster(folder: scratch.path("pg"))
        let first = try await cluster.run { settings in
            try await Connection.open(settings).script("CREATE TABLE t (n int); INSERT INTO t VALUES (42)")
            #expect(settings.host == scratch.path("pg"))
            return try server()
        }
        #expect(!isRunning(first))
        try await cluster.run { settings in
            let error = await #expect(throws: DatabaseError.self) {
                try await EmbeddedCluster(folder: scratch.path("pg")).run { _ in }
            }
            #expect(error.map { "\($0)".contains("in use") } == true, "\(error as Any)")
            let answer = try await Connection.open(settings).query(Statement("SELECT 1"))
            #expect(answer.count == 1)
        }
        let n: Int = try await cluster.run { settings in
            try await Connection.open(settings).query(Statement("SELECT n FROM t"))[0]["n"]
        }
        #expect(n == 42)
        let mode = try FileManager.default.attributesOfItem(atPath: scratch.path("pg"))[.posixPermissions] as? Int
        #expect(mode == 0o700)
    }

    @Test(
        "the role that applications have is no superuser, and nobody else can connect; a cluster from before is changed"
    )
    func role() async throws {
        let cluster = try EmbeddedCluster(folder: scratch.path("pg"))
        let migrator = Migrator(try Migration.all(in: Checkout.file("migrations")))
        func check(_ settings: DatabaseSettings) async throws {
            let connection = try await Connection.open(settings)
            for command in [
                "COPY (SELECT 1) TO '/tmp/cortina-never'", "SELECT pg_read_file('/etc/hostname')",
                "CREATE ROLE other SUPERUSER", "ALTER SYSTEM SET port = 1", "CREATE EXTENSION file_fdw",
            ] {
                await #expect(throws: DatabaseError.self, "\(command)") { try await connection.script(command) }
            }
            for user in ["postgres", "renamer"] {
                var other = settings
                other.user = user
                await #expect(throws: DatabaseError.self, "\(user)") { _ = try await Connection.open(other) }
            }
        }
        // A process that was killed before it had marked the cluster does no harm.
        for _ in 0..<2 {
            try await cluster.run { settings in
                try await migrator.migrate(settings)
                try await check(settings)
            }
            try FileManager.default.removeItem(atPath: scratch.path("pg/roles"))
        }
        // As it was made before: the role was the superuser that had made the cluster.
        let access = scratch.path("pg/old.conf")
        try "local all all trust\n".write(toFile: access, atomically: true, encoding: .utf8)
        for (user, commands) in [
            ("postgres", ["CREATE ROLE renamer SUPERUSER LOGIN"]),
            ("renamer", ["REASSIGN OWNED BY cortina TO postgres", "ALTER DATABASE cortina OWNER TO postgres"]),
            ("renamer", ["DROP OWNED BY cortina", "DROP ROLE cortina", "ALTER ROLE postgres RENAME TO cortina"]),
            ("cortina", ["DROP ROLE renamer"]),
        ] {
            var old = cluster
            old.options = ["-c", "hba_file=\(access)"]
            old.role = user
            try await old.run { settings in
                let connection = try await Connection.open(settings)
                for command in commands { try await connection.script(command) }
            }
        }
        try? FileManager.default.removeItem(atPath: scratch.path("pg/roles"))
        for _ in 0..<2 {
            try await cluster.run { settings in
                try await check(settings)
                // Migrations need to own what is there.
                #expect(try await migrator.migrate(settings).isEmpty)
                let connection = try await Connection.open(settings)
                try await connection.script(
                    "ALTER TABLE videos ADD COLUMN added int; ALTER TABLE videos DROP COLUMN added;")
                try await connection.script("REFRESH MATERIALIZED VIEW CONCURRENTLY player_rankings")
            }
        }
    }

    @Test("a server that is killed is started again, and a pool finds its way back to it")
    func killed() async throws {
        try await EmbeddedCluster(folder: scratch.path("pg")).run { settings in
            let pool = ConnectionPool(settings)
            try await pool.withConnection { try await $0.script("CREATE TABLE t (n int); INSERT INTO t VALUES (42)") }
            kill(try server(), SIGKILL)
            var refusals = 0
            while true {
                do {
                    let rows = try await pool.withConnection { try await $0.query(Statement("SELECT n FROM t")) }
                    if refusals > 0 {
                        #expect(try rows[0]["n"] == 42)
                        return
                    }
                } catch let error as DatabaseError {
                    #expect(error.isTransient, "\(error)")
                    refusals += 1
                }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    @Test("a server whose program was killed is ended by the next one, which takes its place")
    func orphan() async throws {
        let cluster = try EmbeddedCluster(folder: scratch.path("pg"), isDurable: false)
        try await cluster.run { _ in
            let first = try server()
            // The kernel releases the lock of a process that ends.
            try FileManager.default.removeItem(atPath: scratch.path("pg/lock"))
            try await EmbeddedCluster(folder: scratch.path("pg"), isDurable: false).run { settings in
                #expect(!isRunning(first))
                let one: Int = try await Connection.open(settings).query(Statement("SELECT 1 AS one"))[0]["one"]
                #expect(one == 1)
            }
        }
    }

    @Test("a folder whose path is too long for a socket is an error that says so")
    func longPath() async throws {
        let folder = scratch.path(String(repeating: "long", count: 20))
        let error = await #expect(throws: DatabaseError.self) { try await EmbeddedCluster(folder: folder).run { _ in } }
        #expect(error?.description.hasSuffix("is too long for the database's socket") == true)
        #expect(try scratch.names().isEmpty)
    }

    @Test("what its user throws comes out, and the server ends")
    func failing() async throws {
        struct Mistake: Error {}
        let cluster = try EmbeddedCluster(folder: scratch.path("pg"), isDurable: false)
        var process: pid_t?
        await #expect(throws: Mistake.self) {
            try await cluster.run { _ in
                process = try server()
                throw Mistake()
            }
        }
        #expect(try !isRunning(#require(process)))
    }
}
