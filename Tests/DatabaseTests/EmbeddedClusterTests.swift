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
        let n: Int = try await cluster.run { settings in
            try await Connection.open(settings).query(Statement("SELECT n FROM t"))[0]["n"]
        }
        #expect(n == 42)
        let mode = try FileManager.default.attributesOfItem(atPath: scratch.path("pg"))[.posixPermissions] as? Int
        #expect(mode == 0o700)
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
