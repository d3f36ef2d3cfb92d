import Foundation
import PlatformSupport
import TestSupport
import Testing

@testable import Database

struct EncryptionTests {
    @Test("a server is believed only with a certificate for its name, from an authority that is trusted")
    func verified() async throws {
        let scratch = try Scratch()
        func openssl(_ arguments: String) throws {
            let result = try Tool.run("openssl", arguments.split(separator: " ").map(String.init), in: scratch.folder)
            try #require(result.status == 0, "\(result.errors)")
        }
        for authority in ["ours", "other"] {
            try openssl(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=\(authority) "
                    + "-keyout \(authority).key -out \(authority).crt")
        }
        try openssl(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost "
                + "-addext subjectAltName=DNS:localhost -keyout server.key -out server.csr")
        try openssl(
            "x509 -req -in server.csr -CA ours.crt -CAkey ours.key -CAcreateserial -days 2 "
                + "-copy_extensions copy -out server.crt")
        var cluster = try EmbeddedCluster(folder: scratch.path("pg"), isDurable: false)
        // The certificate lies where PostgreSQL looks for it, and belongs to its user.
        try await cluster.run { _ in }
        let owner = try FileManager.default.attributesOfItem(atPath: scratch.path("pg"))
        for name in ["server.key", "server.crt"] {
            try FileManager.default.copyItem(atPath: scratch.path(name), toPath: scratch.path("pg/data/\(name)"))
            try FileManager.default.setAttributes(
                [
                    .posixPermissions: 0o600, .ownerAccountID: owner[.ownerAccountID] ?? 0,
                    .groupOwnerAccountID: owner[.groupOwnerAccountID] ?? 0,
                ], ofItemAtPath: scratch.path("pg/data/\(name)"))
        }
        let port = try SilentServer().port
        cluster.port = port
        let access = scratch.path("pg/network.conf")
        try "host all cortina 127.0.0.1/32 trust\nlocal all cortina trust\n"
            .write(toFile: access, atomically: true, encoding: .utf8)
        cluster.options = ["-c", "ssl=on", "-c", "listen_addresses=127.0.0.1", "-c", "hba_file=\(access)"]
        try await cluster.run { settings in
            func open(_ host: String, _ encryption: DatabaseSettings.Encryption) async throws -> Bool {
                var settings = settings
                (settings.host, settings.port, settings.encryption) = (host, port, encryption)
                // However busy the machine is.
                (settings.connecting, settings.statement) = (.seconds(120), .seconds(120))
                let connection = try await Connection.open(settings)
                return try await connection.query(
                    Statement("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))[0]["ssl"]
            }
            let isEncrypted = [
                try await open("localhost", .verified(authorities: scratch.path("ours.crt"))),
                try await open("127.0.0.1", .required), try await open("127.0.0.1", .none),
            ]
            #expect(isEncrypted == [true, true, false])
            let stranger = await #expect(throws: DatabaseError.self) {
                try await open("localhost", .verified(authorities: scratch.path("other.crt")))
            }
            #expect(
                stranger?.description.contains("certificate verify failed") == true, "\(String(describing: stranger))")
            let misnamed = await #expect(throws: DatabaseError.self) {
                try await open("127.0.0.1", .verified(authorities: scratch.path("ours.crt")))
            }
            #expect(
                misnamed?.description.contains("does not match host name") == true, "\(String(describing: misnamed))")
        }
    }
}
