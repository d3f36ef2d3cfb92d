import Foundation
import PlatformSupport
import TestSupport
import Testing

@testable import Database
@testable import PlatformAPI

@Suite(.postgres)
struct ProgramTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Tool {
        try Tool.run(
            Checkout.program("cortina-api"), arguments, in: Checkout.root, environment: environment)
    }

    /// Runs a server on a data folder as long as `body` takes, then interrupts it; gives back how it ended.
    private func serve(_ body: (Client) async throws -> Void) async throws -> Int32 {
        let server = try await Server.start(data: scratch.path("data"))
        defer { server.end() }
        try await body(server.client)
        return await server.interrupt()
    }

    @Test("one command brings everything up; interrupted, it leaves nothing running, and started again all is there")
    func embedded() async throws {
        var token = ""
        let first = try await serve { client in
            let health = try await client.send("GET", "/api/health")
            #expect(health.status == 200)
            token = try await client.join("anna").token
        }
        #expect(first == 0)
        let running = try Tool.run("pgrep", ["-f", scratch.path("data")])
        #expect(running.output.isEmpty)
        let second = try await serve { client in
            let profile = try await client.send("GET", "/api/auth/profile", as: token)
            #expect(profile.status == 200 && profile["first_name"] == "anna")
        }
        #expect(second == 0)
        let key = try FileManager.default.attributesOfItem(atPath: scratch.path("data/token.key"))
        #expect(key[.posixPermissions] as? Int == 0o600)
    }

    @Test("a schema is brought up to date by a command, and nothing is served before")
    func migrating() async throws {
        let database = try await Postgres.database()
        let environment = [
            "DATABASE_HOST": database.host, "DATABASE_NAME": database.database, "DATABASE_USER": database.user,
        ]
        let early = try run(["serve", "--data", scratch.path("data"), "--port", "0"], environment: environment)
        #expect(early.status == 64 && early.errors.contains("001_create_user_table.sql"), "\(early.errors)")
        let first = try run(["migrate"], environment: environment)
        #expect(first.status == 0 && first.output.hasPrefix("applied 001_create_user_table.sql\n"), "\(first.errors)")
        let second = try run(["migrate"], environment: environment)
        #expect(second.status == 0 && second.output == "the schema is up to date\n")
        // A file says the same; the environment comes first.
        let file = scratch.path("settings.json")
        let settings = ["database": ["host": database.host, "name": "absent", "user": database.user]]
        try JSONSerialization.data(withJSONObject: settings).write(to: URL(filePath: file))
        let named = ["DATABASE_NAME": database.database]
        #expect(try run(["migrate", "--settings", file], environment: named).status == 0)
        #expect(try run(["migrate", "--settings", file]).status != 0)
    }

    @Test("what is missing or wrong in the settings is said, and a secret never is")
    func settings() throws {
        let missing = try run(["migrate"])
        #expect(missing.status == 64 && missing.errors.contains("database.host must be set"))
        let alone = try run(["serve", "--embedded"])
        #expect(alone.status == 64 && alone.errors.contains("--data"))
        let absent = try run(["migrate", "--settings", scratch.path("absent.json")])
        #expect(absent.status == 64 && absent.errors.contains("cannot be read"))
        let secrets = ["DATABASE_PASSWORD": "hunter2", "DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": "1"]
        let unreachable = try run(["migrate"], environment: secrets)
        #expect(unreachable.status != 0 && !(unreachable.errors + unreachable.output).contains("hunter2"))
        let help = try run(["--help"]).output
        for setting in ["DATABASE_HOST", "STORE_BUCKET", "TOKEN_KEYS"] { #expect(help.contains(setting)) }
    }
}
