import ArgumentParser
import Crypto
import Database
import Foundation
import PlatformAPI
import Storage
import Transfer

/// What parts are made with, as it is set.
struct Settings {
    let reader: SettingReader
    /// Where files of our own lie; nil where there are none.
    let data: String?

    /// Where the database is.
    func database() throws -> DatabaseSettings {
        DatabaseSettings(
            host: try reader.required(.databaseHost), port: try reader.number(.databasePort, default: 5432),
            database: reader[.databaseName] ?? "cortina", user: reader[.databaseUser] ?? "cortina",
            password: reader[.databasePassword],
            encryption: reader[.databaseAuthorities].map { .verified(authorities: $0) } ?? .none,
            applicationName: "cortina-api")
    }

    /// The connections to a database.
    func pool(_ database: DatabaseSettings) throws -> ConnectionPool {
        ConnectionPool(database, limits: .init(connections: try reader.number(.databaseConnections, default: 10)))
    }

    /// Where files are kept.
    ///
    /// - Parameter address: where clients find us.
    func store(_ address: String) throws -> any ObjectStore {
        guard let bucket = reader[.storeBucket] else {
            return try LocalObjectStore(
                folder: "\(try folder())/store", base: "\(reader[.publicURL] ?? address)/store/",
                key: SymmetricKey(data: try key("store")))
        }
        let credentials = StaticCredentials(
            AWSCredentials(
                accessKeyID: try reader.required(.storeAccessKey), secretAccessKey: try reader.required(.storeSecretKey)
            ))
        return S3ObjectStore(
            S3Settings(
                bucket: bucket, region: reader[.storeRegion] ?? "us-east-1", endpoint: reader[.storeEndpoint]),
            credentials: credentials)
    }

    /// How the API is to be.
    func api() throws -> API.Settings {
        guard let text = reader[.tokenKeys] else { return API.Settings(tokenKeys: [("own", Array(try key("token")))]) }
        let keys = try text.split(separator: ",").map { part in
            let sides = part.split(separator: ":", maxSplits: 1)
            guard sides.count == 2, let secret = Data(base64Encoded: String(sides[1])) else {
                throw ValidationError("\(Setting.tokenKeys.rawValue) must be NAME:BASE64, with commas between")
            }
            return (name: String(sides[0]), secret: Array(secret))
        }
        return API.Settings(tokenKeys: keys)
    }

    private func folder() throws -> String {
        guard let data else { throw ValidationError("--data must say where files are kept, or store.bucket be set") }
        return data
    }

    /// A key of our own, made when it is needed first: 256 random bits that nobody else can read.
    private func key(_ name: String) throws -> Data {
        let path = "\(try folder())/\(name).key"
        if let key = FileManager.default.contents(atPath: path), key.count == 32 { return key }
        let key = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
        let isMade = FileManager.default.createFile(atPath: path, contents: key, attributes: [.posixPermissions: 0o600])
        guard isMade else { throw ValidationError("'\(path)' cannot be written") }
        return key
    }
}
