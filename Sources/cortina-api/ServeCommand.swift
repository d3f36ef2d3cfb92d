import ArgumentParser
import Database
import Foundation
import Hummingbird
import Logging
import MediaProcess
import NIOCore
import PlatformAPI
import PlatformSettings
import ServiceLifecycle
import Telemetry
import UnixSignals

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Answers requests until it is interrupted.")

    @Flag(help: "Runs a private PostgreSQL in the data folder.")
    var embedded = false

    @Option(help: ArgumentHelp("Where files of our own lie.", valueName: "folder"))
    var data: String?

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 for one that is free.")
    var port = 8080

    @Option(help: ArgumentHelp("A file of settings.", valueName: "file"))
    var settings: String?

    @Option(help: ArgumentHelp("The folder of migrations.", valueName: "folder"))
    var migrations = "migrations"

    @Option(help: ArgumentHelp("The folder of published pipelines.", valueName: "folder"))
    var pipelines = "pipelines/published"

    func validate() throws {
        if embedded, data == nil { throw ValidationError("--embedded needs --data, where the database lies") }
        guard (0...65535).contains(port) else { throw ValidationError("there is no port \(port)") }
    }

    func run() async throws {
        let migrator = Migrator(try Migration.all(in: migrations))
        let folder = data.map { URL(filePath: $0).standardizedFileURL.path }
        if let folder { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
        let settings = Settings(reader: try await SettingReader(file: settings), data: folder, program: "cortina-api")
        let level = try settings.logLevel()
        LoggingSystem.bootstrap { JSONLogHandler(label: $0, logLevel: level) }
        guard embedded, let folder else {
            let database = try settings.database()
            let pending = try await migrator.pending(database)
            guard pending.isEmpty else {
                throw ValidationError(
                    "the schema is not up to date (\(pending.joined(separator: ", "))): run cortina-api migrate")
            }
            return try await serve(settings, database, [])
        }
        try await EmbeddedCluster(folder: "\(folder)/postgres").run { database in
            var patient = database
            patient.statement = .seconds(600)
            try await migrator.migrate(patient)
            let worker = WorkerProcess(
                database: database, data: folder, pipelines: pipelines, settings: self.settings,
                logger: Logger(label: "cortina-api"))
            try await serve(settings, database, [worker])
        }
    }

    private func serve(
        _ settings: Settings, _ database: DatabaseSettings, _ services: [any Service]
    ) async throws {
        let logger = Logger(label: "cortina-api")
        // Known before it is listened on: signed addresses name it.
        let port = port == 0 ? try await FreePort.find() : port
        let pools = try settings.pools(database)
        let pool = pools.general
        let store = try settings.store("http://\(host):\(port)")
        let events = VideoEvents(pool, database)
        let metrics = MetricRegistry()
        var beside: [any Service] = [
            Maintenance(database: pool, store: store, rankingAge: try settings.rankingAge(), logger: logger), events,
            PlatformGauges(database: pool, events: events, metrics: metrics, logger: logger),
        ]
        let media = MediaProcesses(
            width: 2, waiting: 200, waitingPerClient: 20, isolation: try settings.mediaIsolation(), logger: logger)
        defer { media.stop() }
        try await media.check()
        let messages = try settings.messages()
        if let messages { beside.append(JobAnnouncer(database: pool, queue: messages, logger: logger)) }
        if let port = try settings.metricsPort() {
            beside.append(
                MetricsEndpoint(
                    registry: metrics, host: settings.reader[.metricsHost] ?? "127.0.0.1", port: port, logger: logger))
        }
        if let namespace = settings.reader[.metricsNamespace] {
            beside.append(MetricsReport(EmbeddedMetrics(metrics, namespace: namespace)))
        }
        let configured = try settings.api()
        let api = try await API(
            configured, database: pools, store: store, messages: messages,
            pipelines: PipelineCatalog(folder: pipelines), events: events, media: media, metrics: metrics,
            logger: logger)
        let application = Application(
            router: api.router(), server: api.server, configuration: .init(address: .hostname(host, port: port)),
            services: beside + services,
            onServerRunning: { _ in FileHandle.standardOutput.write(Data("http://\(host):\(port)\n".utf8)) },
            logger: logger)
        var group = ServiceGroupConfiguration(
            services: [application], gracefulShutdownSignals: [.sigint, .sigterm], logger: logger)
        // By then all connections are closed; work that nobody waits for is cancelled.
        group.maximumGracefulShutdownDuration = .seconds(configured.connections.shutdown + 2)
        try await ServiceGroup(configuration: group).run()
    }
}
