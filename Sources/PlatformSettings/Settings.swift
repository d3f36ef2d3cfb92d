import ArgumentParser
import Crypto
public import Database
public import Foundation
public import Logging
public import MediaChannel
public import Storage
import Transfer

/// What parts are made with, as it is set.
public struct Settings: Sendable {
    public let reader: SettingReader
    private let data: String?
    private let program: String

    /// - Parameters:
    ///   - data: where files of our own lie; nil where there are none.
    ///   - program: what the database calls us.
    public init(reader: SettingReader, data: String?, program: String) {
        self.reader = reader
        self.data = data
        self.program = program
    }

    /// Where the database is.
    ///
    /// - Throws: an error that says which setting is missing or wrong; so do all of these.
    public func database() throws -> DatabaseSettings {
        DatabaseSettings(
            host: try reader.required(.databaseHost), port: try reader.number(.databasePort, default: 5432),
            database: reader[.databaseName] ?? "cortina", user: reader[.databaseUser] ?? "cortina",
            password: reader[.databasePassword],
            encryption: reader[.databaseAuthorities].map { .verified(authorities: $0) } ?? .none,
            applicationName: program)
    }

    /// Connections to a database.
    ///
    /// - Parameters:
    ///   - setting: how many.
    ///   - count: how many where that is not set.
    public func pool(
        _ database: DatabaseSettings, _ setting: Setting = .databaseConnections, default count: Int = 10
    ) throws -> ConnectionPool {
        ConnectionPool(database, limits: .init(connections: try reader.number(setting, default: count)))
    }

    /// Where files are kept.
    ///
    /// - Parameter address: where clients find us; of no matter to who gives nobody an address.
    public func store(_ address: String = "") throws -> any ObjectStore {
        guard let bucket = reader[.storeBucket] else {
            return try LocalObjectStore(
                folder: "\(try folder())/store", base: "\(reader[.publicURL] ?? address)/store/",
                key: SymmetricKey(data: try key("store")))
        }
        let credentials: any CredentialsProvider =
            if let key = reader[.storeAccessKey] {
                StaticCredentials(
                    AWSCredentials(accessKeyID: key, secretAccessKey: try reader.required(.storeSecretKey)))
            } else {
                try self.credentials()
            }
        var settings = S3Settings(
            bucket: bucket, region: reader[.storeRegion] ?? region, endpoint: reader[.storeEndpoint])
        settings.encryption = reader[.storeEncryption]
        settings.patience.stalled = try reader.number(.storePatience, default: settings.patience.stalled)
        return S3ObjectStore(settings, credentials: credentials)
    }

    /// What is logged.
    public func logLevel() throws -> Logger.Level {
        guard let text = reader[.logLevel] else { return .info }
        guard let level = Logger.Level(rawValue: text) else {
            throw ValidationError("\(Setting.logLevel.variable) must be debug, info, warning or error")
        }
        return level
    }

    /// Fallback where the system refuses seccomp to media processes.
    public func mediaIsolation() throws -> MediaJob.Isolation {
        guard let text = reader[.mediaIsolation] else { return .required }
        guard let isolation = MediaJob.Isolation(rawValue: text) else {
            throw ValidationError("\(Setting.mediaIsolation.variable) must be required or available")
        }
        return isolation
    }

    /// Where Prometheus finds metrics; nil where it does not.
    public func metricsPort() throws -> Int? {
        guard reader[.metricsPort] != nil else { return nil }
        let port = try reader.number(.metricsPort, default: 0)
        guard port <= 65535 else { throw ValidationError("\(Setting.metricsPort.variable): there is no port \(port)") }
        return port
    }

    /// The queue that workers are told of jobs by; nil where the database tells them.
    public func messages() throws -> SQSQueue? {
        guard let url = reader[.queueURL] else { return nil }
        return SQSQueue(
            url: url, region: region, endpoint: reader[.queueEndpoint], credentials: try credentials())
    }

    private var region: String { reader[.awsRegion] ?? "us-east-1" }

    /// Who asks AWS for something: whoever the settings say, the container, or the machine.
    private func credentials() throws -> any CredentialsProvider {
        if let key = reader[.awsAccessKey] {
            return StaticCredentials(
                AWSCredentials(
                    accessKeyID: key, secretAccessKey: try reader.required(.awsSecretKey),
                    sessionToken: reader[.awsSessionToken]))
        }
        // Of ECS' agent, whose address is always this one.
        let url = reader[.awsContainerURL] ?? reader[.awsContainerPath].map { "http://169.254.170.2\($0)" }
        guard let url else { return FetchedCredentials(.machine()) }
        return FetchedCredentials(.container(url: url, authorization: reader[.awsContainerToken]))
    }

    /// Where files of our own lie.
    public func folder() throws -> String {
        guard let data else { throw ValidationError("--data must say where files are kept, or STORE_BUCKET be set") }
        return data
    }

    /// A key of our own, made when it is needed first: 256 random bits that nobody else can read.
    public func key(_ name: String) throws -> Data {
        let path = "\(try folder())/\(name).key"
        if let key = FileManager.default.contents(atPath: path), key.count == 32 { return key }
        let key = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
        let isMade = FileManager.default.createFile(atPath: path, contents: key, attributes: [.posixPermissions: 0o600])
        guard isMade else { throw ValidationError("'\(path)' cannot be written") }
        return key
    }
}
