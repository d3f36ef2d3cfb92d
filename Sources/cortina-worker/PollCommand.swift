import ArgumentParser
import Database
import Foundation
import Logging
import PlatformSettings
import Runner
import ServiceLifecycle
import Storage
import Telemetry
import UnixSignals
import Worker

struct PollCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "poll", abstract: "Takes jobs from the queue, one after the other, until it is interrupted.",
        discussion: "What is being made then is given back, and made by whoever takes it next.")

    @Option(help: ArgumentHelp("Where files of our own lie.", valueName: "folder"))
    var data: String?

    @Option(help: ArgumentHelp("A file of settings.", valueName: "file"))
    var settings: String?

    @Option(help: ArgumentHelp("The folder of published pipelines.", valueName: "folder"))
    var pipelines = "pipelines/published"

    @Option(help: ArgumentHelp("The folder of the pipelines' assets.", valueName: "folder"))
    var assets = "assets"

    @Option(help: ArgumentHelp("Where encoded bumpers are kept. Default: in the data folder.", valueName: "folder"))
    var cache: String?

    @Option(help: "How many jobs are done at once.")
    var jobs = 1

    @Flag(help: "Ends where standard input does, as it does when whoever started this ends.")
    var untilInputEnds = false

    func validate() throws {
        guard (1...64).contains(jobs) else { throw ValidationError("--jobs must be from 1 to 64") }
    }

    func run() async throws {
        let settings = Settings(reader: try await SettingReader(file: settings), data: data, program: "cortina-worker")
        let level = try settings.logLevel()
        LoggingSystem.bootstrap { JSONLogHandler(label: $0, logLevel: level) }
        let logger = Logger(label: "cortina-worker")
        let database = try settings.database()
        let lease = Duration.seconds(try settings.reader.number(.workerLease, default: 60))
        let queue = PostgresJobQueue(try settings.pool(database), database, lease: lease)
        let own = "\(data ?? NSTemporaryDirectory())/worker"
        let metrics = MetricRegistry()
        let worker = Worker(
            queue, store: try settings.store(),
            folders: .init(
                pipelines: PublishedFolder(path: pipelines), assets: AssetFolder(path: assets),
                scratch: "\(own)/scratch"),
            cache: AssetCache(path: cache ?? "\(own)/cache"), metrics: metrics, logger: logger)
        var services: [any Service] = [PollLoop(worker, queue, width: jobs, logger: logger)]
        if let namespace = settings.reader[.metricsNamespace] {
            services.append(MetricsReport(EmbeddedMetrics(metrics, namespace: namespace)))
        }
        if untilInputEnds { services.append(InputWatch()) }
        try await ServiceGroup(
            configuration: .init(
                services: services.map {
                    .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
                }, gracefulShutdownSignals: [.sigint, .sigterm], logger: logger)
        ).run()
    }
}
