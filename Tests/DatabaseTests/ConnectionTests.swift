import Foundation
import PlatformSupport
import Testing

@testable import Database

@Suite(.postgres)
struct ConnectionTests {
    private func connection(_ change: (inout DatabaseSettings) -> Void = { _ in }) async throws -> Connection {
        var settings = try await Postgres.database()
        change(&settings)
        return try await Connection.open(settings)
    }

    /// A database whose statements may take long.
    private func patient() async throws -> DatabaseSettings {
        var settings = try await Postgres.database()
        settings.statement = .seconds(600)
        return settings
    }

    @Test("values come back as they were sent")
    func values() async throws {
        let connection = try await connection()
        let text = "O'Neil \"x\" \\ $1 ; DROP TABLE users; -- ünï🎾"
        let moment = Date(timeIntervalSince1970: 1_764_115_200.123456)
        let row = try await connection.query(
            Statement(
                """
                SELECT $1::bigint AS big, $2::text AS text, $3::boolean AS yes, $4::double precision AS half,
                    $5::timestamptz AS moment, $6::text AS nothing, $7::text[] AS words, 7::smallint AS small,
                    -9::integer AS middle, '{"a": 1}'::jsonb AS json, 'v'::varchar AS short, 1.5::real AS single
                """, Int.min, text, true, 0.1, moment, String?.none, ["a,b", "c\"\\d", ""]))[0]
        #expect(try row["big"] == Int.min && row["small"] == 7 && row["middle"] == -9)
        #expect(try row["text"] == text && row["short"] == "v" && row["json"] == "{\"a\": 1}")
        #expect(try row["yes"] == true && row["half"] == 0.1 && row["single"] == 1.5)
        #expect(try abs((row["moment"] as Date).timeIntervalSince(moment)) < 1e-6)
        #expect(try row["nothing"] == String?.none && row["text"] == String?.some(text))
        let words = try await connection.query(
            Statement("SELECT * FROM unnest($1::text[]) AS word", ["a,b", "c\"\\d", "", "ü"]))
        #expect(try words.map { try $0["word"] as String } == ["a,b", "c\"\\d", "", "ü"])
    }

    @Test("a column that is not what is asked for is an error that names it")
    func undecodable() async throws {
        let row = try await connection().query(Statement("SELECT 1::bigint AS one, NULL::text AS none, 1.5 AS odd"))[0]
        #expect(throws: DatabaseError.undecodable(column: "one", reason: "is int8, not String")) {
            let _: String = try row["one"]
        }
        #expect(throws: DatabaseError.undecodable(column: "none", reason: "is null")) {
            let _: String = try row["none"]
        }
        #expect(throws: DatabaseError.undecodable(column: "two", reason: "is not there")) {
            let _: Int = try row["two"]
        }
        #expect(throws: DatabaseError.undecodable(column: "odd", reason: "has a type that is not read: 1700")) {
            let _: Double = try row["odd"]
        }
    }

    @Test("statements of one exchange are all done, or none, and the first refusal is the error")
    func pipeline() async throws {
        let connection = try await connection()
        try await connection.query(Statement("CREATE TABLE t (id bigint PRIMARY KEY)"))
        func insert(_ id: Int) -> Statement { Statement("INSERT INTO t VALUES ($1)", id) }
        let rows = try await connection.query([insert(1), insert(2), Statement("SELECT count(*) AS n FROM t")])
        #expect(rows.map(\.touched) == [1, 1, 1] && rows.map(\.count) == [0, 0, 1])
        #expect(try rows[2][0]["n"] == 2)
        let error = await #expect(throws: DatabaseError.self) {
            try await connection.query([insert(3), insert(1), Statement("SELECT no_such_column FROM t")])
        }
        guard case .refused(let server) = error else { throw try #require(error) }
        #expect(server.isDuplicate && server.constraint == "t_pkey")
        #expect(try await connection.query(Statement("SELECT count(*) AS n FROM t"))[0]["n"] == 2)
        // What was not prepared because of it is prepared when it is needed.
        try await connection.query(Statement("ALTER TABLE t ADD no_such_column text"))
        #expect(try await connection.query(Statement("SELECT no_such_column FROM t")).count == 2)
    }

    @Test("a statement is prepared once, and again where the tables have changed")
    func prepared() async throws {
        let settings = try await Postgres.database()
        let (connection, other) = (try await Connection.open(settings), try await Connection.open(settings))
        try await connection.script("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
        let all = Statement("SELECT * FROM t")
        for _ in 0..<3 { #expect(try await connection.query(all).count == 1) }
        let names = Statement("SELECT count(*) AS n FROM pg_prepared_statements WHERE statement = 'SELECT * FROM t'")
        #expect(try await connection.query(names)[0]["n"] == 1)
        try await other.script("ALTER TABLE t ADD b int DEFAULT 5")
        #expect(try await connection.query(all)[0]["b"] == 5)
        // Within a transaction there is no second try: it is lost.
        try await connection.query(Statement("BEGIN"))
        try await other.script("ALTER TABLE t ADD c int DEFAULT 6")
        await #expect(throws: DatabaseError.self) { try await connection.query(all) }
        try await connection.query(Statement("ROLLBACK"))
        #expect(try await connection.query(all)[0]["c"] == 6)
    }

    @Test("what is larger than the socket takes goes through, both ways")
    func large() async throws {
        let text = String(repeating: "0123456789abcdef", count: 1 << 18)
        let connection = try await connection { $0.statement = .seconds(60) }
        let rows = try await connection.query(
            (0..<3).map { _ in Statement("SELECT $1::text AS text, length($1::text) AS length", text) })
        for row in rows { #expect(try row[0]["length"] == text.count && row[0]["text"] == text) }
    }

    @Test("a statement that takes too long is ended by the server, and the connection is as good as before")
    func slow() async throws {
        let connection = try await connection { $0.statement = .milliseconds(100) }
        let error = await #expect(throws: DatabaseError.self) {
            try await connection.query(Statement("SELECT pg_sleep(60)"))
        }
        guard case .refused(let server) = error else { throw try #require(error) }
        #expect(server.state == "57014")
        #expect(try await connection.query(Statement("SELECT 1 AS one"))[0]["one"] == 1)
    }

    @Test("cancelling the task ends the wait, and what the server does for it")
    func cancellation() async throws {
        let settings = try await patient()
        let connection = try await Connection.open(settings)
        let task = Task { try await connection.query(Statement("SELECT pg_sleep(600)")) }
        let observer = try await Connection.open(settings)
        let sleeping = Statement(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%'")
        while try await observer.query(sleeping).isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        await #expect(throws: DatabaseError.cancelled) { try await task.value }
        await #expect(throws: DatabaseError.self) { try await connection.query(Statement("SELECT 1")) }
        let active = Statement(
            """
            SELECT 1 FROM pg_stat_activity
            WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%' AND state = 'active'
            """)
        while try await !observer.query(active).isEmpty { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test("a connection that the server ends is lost with a word")
    func lost() async throws {
        let settings = try await patient()
        let connection = try await Connection.open(settings)
        let me: Int = try await connection.query(Statement("SELECT pg_backend_pid() AS pid"))[0]["pid"]
        let task = Task { try await connection.query(Statement("SELECT pg_sleep(600)")) }
        try await Connection.open(settings).query(Statement("SELECT pg_terminate_backend($1::integer)", me))
        let error = await #expect(throws: DatabaseError.self) { try await task.value }
        guard case .unavailable = error else { throw try #require(error) }
        #expect(error?.isTransient == true)
        #expect(await !connection.isUsable)
    }

    @Test("nobody there, a server that says nothing, and a wrong database are told apart")
    func opening() async throws {
        let refused = await #expect(throws: DatabaseError.self) {
            try await connection { ($0.host, $0.port) = ("127.0.0.1", 1) }
        }
        guard case .unavailable = refused else { throw try #require(refused) }
        let silent = try SilentServer()
        await #expect(throws: DatabaseError.timedOut) {
            try await connection {
                ($0.host, $0.port, $0.connecting) = ("localhost", silent.port, .milliseconds(100))
            }
        }
        let absent = await #expect(throws: DatabaseError.self) { try await connection { $0.database = "absent" } }
        #expect(absent?.description.contains("\"absent\" does not exist") == true)
    }

    @Test("forty connections wait at once, whatever the number of threads")
    func waiting() async throws {
        let settings = try await patient()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    let connection = try await Connection.open(settings)
                    await #expect(throws: DatabaseError.self) {
                        try await connection.query(Statement("SELECT pg_sleep(600)"))
                    }
                }
            }
            let observer = try await Connection.open(settings)
            let asleep = Statement(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'")
            while try await observer.query(asleep).count < 40 { try await Task.sleep(for: .milliseconds(20)) }
            try await observer.query(
                Statement(
                    """
                    SELECT pg_cancel_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event = 'PgSleep'
                    """))
            try await group.waitForAll()
        }
    }

    @Test("a password is never printed")
    func secrets() {
        let settings = DatabaseSettings(host: "h", database: "d", user: "u", password: "hunter2")
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(!"\(settings) \(String(reflecting: settings)) \(dumped)".contains("hunter2"))
    }
}
