import PlatformSupport
import Synchronization
import Testing

@testable import Database

@Suite(.postgres)
struct ConnectionPoolTests {
    @Test("no more connections are open than may be, and everybody gets one")
    func limit() async throws {
        let settings = try await Postgres.database()
        let pool = ConnectionPool(settings, limits: .init(connections: 4, waiting: .seconds(600)))
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    let rows = try await pool.withConnection { connection in
                        try await connection.query(
                            Statement(
                                """
                                SELECT count(*) AS n FROM pg_stat_activity
                                WHERE datname = current_database() AND backend_type = 'client backend'
                                """))
                    }
                    return try rows[0]["n"]
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts.count == 200 && counts.allSatisfy { (1...4).contains($0) })
    }

    @Test("the server lists connections with what they are lent for, old ones and new ones")
    func purpose() async throws {
        let settings = try await Postgres.database()
        let pool = ConnectionPool(settings, limits: .init(connections: 2))
        func names() async throws -> [String] {
            try await pool.withConnection { first in
                try await pool.withConnection { second in
                    var names: [String] = []
                    for connection in [first, second] {
                        let rows = try await connection.query(Statement("SHOW application_name"))
                        names.append(try rows[0]["application_name"])
                    }
                    return names
                }
            }
        }
        try await pool.check()
        for purpose in ["1-5759e988-bd862e3fe1be46a994272793", "another", nil] {
            await pool.serve(purpose)
            let name = settings.applicationName + (purpose.map { " \($0)" } ?? "")
            #expect(try await names() == [name, name])
        }
    }

    @Test("who waits too long, or is cancelled, gets none, and nobody's connection is lost by it")
    func waiting() async throws {
        let pool = ConnectionPool(
            try await Postgres.database(), limits: .init(connections: 1, waiting: .milliseconds(50)))
        try await pool.withConnection { _ in
            _ = await #expect(throws: DatabaseError.exhausted(limit: 1)) { try await pool.withConnection { _ in } }
        }
        let patient = ConnectionPool(
            try await Postgres.database(), limits: .init(connections: 1, waiting: .seconds(600)))
        try await patient.withConnection { _ in
            let task = Task { try await patient.withConnection { _ in } }
            task.cancel()
            await #expect(throws: DatabaseError.cancelled) { try await task.value }
        }
        for pool in [pool, patient] {
            #expect(try await pool.withConnection { try await $0.query(Statement("SELECT 1 AS one")) }[0]["one"] == 1)
        }
    }

    @Test("connections that the server has ended are replaced before anybody gets one")
    func health() async throws {
        let settings = try await Postgres.database()
        let pool = ConnectionPool(settings, limits: .init(connections: 3))
        func pids() async throws -> Set<Int> {
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        try await pool.withConnection { connection in
                            try await connection.query(Statement("SELECT pg_backend_pid() AS pid, pg_sleep(0.05)"))[0][
                                "pid"]
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.insert($1) }
            }
        }
        let first = try await pids()
        let observer = try await Connection.open(settings)
        let others = Statement(
            """
            SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
            """)
        #expect(try await observer.query(others).count == first.count)
        #expect(try await pids().isDisjoint(with: first))
    }

    @Test("transactions that are in each other's way are tried again: no update is lost")
    func conflicts() async throws {
        let pool = ConnectionPool(
            try await Postgres.database(), limits: .init(connections: 8, waiting: .seconds(600)))
        try await pool.withConnection { try await $0.script("CREATE TABLE t (n bigint); INSERT INTO t VALUES (0)") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<24 {
                group.addTask {
                    try await pool.transaction(.serializable, attempts: 100) { connection in
                        let n: Int = try await connection.query(Statement("SELECT n FROM t"))[0]["n"]
                        try await connection.query(Statement("UPDATE t SET n = $1", n + 1))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await pool.withConnection { try await $0.query(Statement("SELECT n FROM t")) }[0]["n"] == 24)
    }

    @Test("what a transaction's body throws comes out of it, and nothing of it stays")
    func rollback() async throws {
        struct Mistake: Error {}
        let pool = ConnectionPool(try await Postgres.database(), limits: .init(connections: 1))
        try await pool.withConnection { try await $0.script("CREATE TABLE t (n bigint)") }
        await #expect(throws: Mistake.self) {
            try await pool.transaction { connection in
                try await connection.query(Statement("INSERT INTO t VALUES (1)"))
                throw Mistake()
            }
        }
        // A conflict that lasts comes out after the last attempt.
        let attempts = Mutex(0)
        let error = await #expect(throws: DatabaseError.self) {
            try await pool.transaction(attempts: 3) { connection in
                attempts.withLock { $0 += 1 }
                try await connection.query(
                    Statement("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'deadlock_detected'; END $$"))
            }
        }
        guard case .refused(let server) = error else { throw try #require(error) }
        #expect(server.isConflict && attempts.withLock { $0 } == 3)
        #expect(try await pool.withConnection { try await $0.query(Statement("SELECT n FROM t")) }.isEmpty)
    }

    @Test("a listener hears, and hears again after its connection was ended")
    func listening() async throws {
        let settings = try await Postgres.database()
        let observer = try await Connection.open(settings)
        let (events, continuation) = AsyncStream.makeStream(of: Listener.Event.self)
        let task = Task {
            await Listener(settings, channels: [.init("news"), .init("jobs")]).run { continuation.yield($0) }
        }
        var heard = events.makeAsyncIterator()
        for word in ["first", "second"] {
            #expect(await heard.next() == .listening)
            try await observer.query(Statement("SELECT pg_notify('jobs', $1)", word))
            #expect(await heard.next() == .heard(Notification(channel: "jobs", payload: word)))
            try await observer.query(
                Statement(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND query LIKE 'LISTEN%'
                    """))
        }
        task.cancel()
        await task.value
    }
}
