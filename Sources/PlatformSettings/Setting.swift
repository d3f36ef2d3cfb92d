import ArgumentParser
import Configuration
import Foundation

/// What can be set, in the environment or in a file.
public enum Setting: String, CaseIterable {
    case databaseHost = "database.host"
    case databasePort = "database.port"
    case databaseName = "database.name"
    case databaseUser = "database.user"
    case databasePassword = "database.password"
    case databaseAuthorities = "database.authorities"
    case databaseConnections = "database.connections"
    case databaseVitalConnections = "database.vital.connections"
    case databaseSearchConnections = "database.search.connections"
    case storeBucket = "store.bucket"
    case storeRegion = "store.region"
    case storeEndpoint = "store.endpoint"
    case storeAccessKey = "store.access.key"
    case storeSecretKey = "store.secret.key"
    case storePatience = "store.patience"
    case storeEncryption = "store.encryption"
    case queueURL = "queue.url"
    case queueEndpoint = "queue.endpoint"
    case awsRegion = "aws.region"
    case awsAccessKey = "aws.access.key.id"
    case awsSecretKey = "aws.secret.access.key"
    case awsSessionToken = "aws.session.token"
    case awsContainerURL = "aws.container.credentials.full.uri"
    case awsContainerPath = "aws.container.credentials.relative.uri"
    case awsContainerToken = "aws.container.authorization.token"
    case publicURL = "public.url"
    case proxies = "proxies"
    case httpConnections = "http.connections"
    case httpAddressConnections = "http.address.connections"
    case httpShutdown = "http.shutdown"
    case tokenKeys = "token.keys"
    case uploadBytes = "upload.bytes"
    case uploadLeastSeconds = "upload.least.seconds"
    case uploadMostSeconds = "upload.most.seconds"
    case uploadSide = "upload.side"
    case rankingAge = "ranking.age"
    case rateSignUps = "rate.signups"
    case rateLogIns = "rate.logins"
    case rateLogInsAs = "rate.logins.account"
    case rateVotes = "rate.votes"
    case rateSearches = "rate.searches"
    case quotaVideos = "quota.videos"
    case quotaUploads = "quota.uploads"
    case quotaBytes = "quota.bytes"
    case quotaStreams = "quota.streams"
    case quotaReprocess = "quota.reprocess"
    case workerLease = "worker.lease"
    case workerOutputBytes = "worker.output.bytes"
    case workerMemory = "worker.memory"
    case mediaIsolation = "media.isolation"
    case metricsHost = "metrics.host"
    case metricsPort = "metrics.port"
    case metricsNamespace = "metrics.namespace"
    case logLevel = "log.level"

    /// What it is.
    private var summary: String {
        switch self {
        case .databaseHost: "the database's host, or the folder of its socket"
        case .databasePort: "its port (5432)"
        case .databaseName: "its name (cortina)"
        case .databaseUser: "who asks (cortina)"
        case .databasePassword: "their password"
        case .databaseAuthorities:
            "a file of certificates: only a server is believed that one of them signed for its name"
        case .databaseConnections: "how many connections are open at the most (10)"
        case .databaseVitalConnections: "separate connections for health, sign-up and log-in (4)"
        case .databaseSearchConnections: "separate connections for searches (2)"
        case .storeBucket: "the bucket of S3's; without one, files are kept in the data folder"
        case .storeRegion: "its region (AWS_REGION, or us-east-1)"
        case .storeEndpoint: "where S3 is, where it is not AWS's"
        case .storeAccessKey: "the id of the key to S3 (AWS_ACCESS_KEY_ID)"
        case .storeSecretKey: "the key to S3 (AWS_SECRET_ACCESS_KEY)"
        case .storePatience: "how long S3 is waited for while it sends nothing, in seconds (20)"
        case .storeEncryption:
            "what S3 encrypts objects with on its disks: AES256 or aws:kms; without one, as the bucket says"
        case .queueURL:
            "the address of an SQS queue that workers are told of jobs by; without one, the database tells them"
        case .queueEndpoint: "where SQS is, where it is not at that address"
        case .awsRegion: "the region of what has none of its own"
        case .awsAccessKey: "the id of the key to what has none of its own, as AWS' own programs have it"
        case .awsSecretKey: "that key"
        case .awsSessionToken: "what comes with a key that is good for a while"
        case .awsContainerURL: "where a container's credentials are, where there is no key"
        case .awsContainerPath:
            "the same, as ECS says it; where there is neither, the machine's metadata service is asked"
        case .awsContainerToken: "what is sent there"
        case .publicURL: "where clients find us (http://HOST:PORT)"
        case .proxies:
            "trusted proxies: number of hops in front of the server, or CIDR blocks separated by commas (0)"
        case .httpConnections:
            "maximum number of connections (10000, or fewer by the limit of open files)"
        case .httpAddressConnections: "maximum number of connections per IPv4 address or IPv6 /64 (256)"
        case .httpShutdown: "grace period of requests at shutdown, in seconds (20)"
        case .tokenKeys:
            "keys for tokens, NAME:BASE64, the newest first, with commas between; without any, one is made in the data folder"
        case .uploadBytes: "how large an upload may be, in bytes (100000000)"
        case .uploadLeastSeconds: "how long it must be, in seconds (20)"
        case .uploadMostSeconds: "how long it may be, in seconds (60)"
        case .uploadSide: "how many pixels the shorter side of its picture must have (1080)"
        case .rateSignUps: "accounts per address and hour (100)"
        case .rateLogIns: "log-ins per address and minute (60)"
        case .rateLogInsAs:
            "log-ins per account and minute, counted separately for each known device or address, and for all others (10)"
        case .rateVotes: "votes per user and minute (120)"
        case .rateSearches: "searches per address and minute (120)"
        case .quotaVideos: "maximum number of videos per user (500)"
        case .quotaUploads: "maximum number of incomplete uploads per user (20)"
        case .quotaBytes: "upload bytes per user in 24 hours (5000000000)"
        case .quotaStreams: "maximum number of event streams per user and server (20)"
        case .quotaReprocess: "reprocess requests per user and hour (20)"
        case .workerLease: "how long a job stays claimed by a worker that is not heard of, in seconds (60)"
        case .workerOutputBytes:
            "how large a video may be that a worker makes, in bytes (4294967296; on Lambda what its disk has room for)"
        case .workerMemory:
            "how much memory a worker may take, in bytes (1500000000; on Lambda nine tenths of what the function has)"
        case .mediaIsolation:
            "seccomp for media processes: required, or available to run without it where the system refuses it (required)"
        case .rankingAge: "how old rankings may become, in seconds (60)"
        case .metricsHost: "address that Prometheus finds metrics at (127.0.0.1: this machine alone)"
        case .metricsPort: "a port of this host where Prometheus finds metrics, at /metrics; without one, it does not"
        case .metricsNamespace:
            "what CloudWatch keeps metrics under, which the log has once a minute; without one, it has none"
        case .logLevel: "what is logged: debug, with every request, info, warning or error (info)"
        }
    }

    /// Whether it is never shown.
    var isSecret: Bool {
        [.databasePassword, .storeSecretKey, .awsSecretKey, .awsSessionToken, .awsContainerToken, .tokenKeys].contains(
            self)
    }

    /// The variable of the environment.
    public var variable: String { rawValue.uppercased().replacing(".", with: "_") }

    /// All of them, for people.
    public static var list: String { allCases.map { "\($0.variable)\n    \($0.summary)" }.joined(separator: "\n") }
}

/// Reads settings, from the environment first.
public struct SettingReader: Sendable {
    private let reader: ConfigReader

    /// - Parameter file: JSON, an object of the settings by their variables' names: `{"DATABASE_HOST": "db", "RATE_LOGINS": 60}`; or with the
    ///   names' parts as objects: `{"database": {"host": "db"}}`.
    /// - Throws: an error that says what is wrong with the file: also for a name that is no setting.
    public init(file: String?) async throws {
        var providers: [any ConfigProvider] = [EnvironmentVariablesProvider()]
        if let file { providers.append(InMemoryProvider(values: try Self.values(file))) }
        reader = ConfigReader(providers: providers)
    }

    private static func values(_ file: String) throws -> [AbsoluteConfigKey: ConfigValue] {
        guard let bytes = FileManager.default.contents(atPath: file),
            let object = try? JSONSerialization.jsonObject(with: bytes) as? [String: Any]
        else { throw ValidationError("the settings in '\(file)' cannot be read: they must be an object of JSON") }
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for (name, text) in try flat(object, file) {
            let isVariable = { (setting: Setting) in setting.variable == name.uppercased().replacing(".", with: "_") }
            guard let setting = Setting.allCases.first(where: isVariable) else {
                throw ValidationError("'\(name)' in '\(file)' is no setting; --help lists them")
            }
            let key = AbsoluteConfigKey(setting.rawValue.split(separator: ".").map(String.init))
            values[key] = ConfigValue(.string(text), isSecret: setting.isSecret)
        }
        return values
    }

    /// The values of an object and of those in it, by their names with dots between.
    private static func flat(_ object: [String: Any], _ file: String) throws -> [(String, String)] {
        try object.flatMap { name, value in
            switch value {
            case let object as [String: Any]: try flat(object, file).map { ("\(name).\($0)", $1) }
            case let text as String: [(name, text)]
            case let number as NSNumber: [(name, number.stringValue)]
            default: throw ValidationError("'\(name)' in '\(file)' must be a string or a number")
            }
        }
    }

    /// A setting; nil where it is not set.
    public subscript(setting: Setting) -> String? {
        let value = reader.string(forKey: ConfigKey(setting.rawValue), isSecret: setting.isSecret)
        return value?.isEmpty == true ? nil : value
    }

    /// A setting that is a whole number.
    public func number(_ setting: Setting, default other: Int) throws -> Int {
        guard let text = self[setting] else { return other }
        guard let number = Int(text), number > 0 else {
            throw ValidationError("\(setting.variable) must be a whole number above 0")
        }
        return number
    }

    /// A setting that must be there.
    public func required(_ setting: Setting) throws -> String {
        guard let value = self[setting] else { throw ValidationError("\(setting.variable) must be set") }
        return value
    }
}
