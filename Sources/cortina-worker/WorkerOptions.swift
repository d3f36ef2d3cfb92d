import ArgumentParser
import Database
import Foundation
import Logging
import PlatformSettings
import Runner
import Storage
import Telemetry
import Worker

/// Where a worker's things lie.
struct WorkerOptions: ParsableArguments {
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

    /// The settings; from now on, what is logged is JSON.
    func readSettings() async throws -> Settings {
        let settings = Settings(reader: try await SettingReader(file: settings), data: data, program: "cortina-worker")
        let level = try settings.logLevel()
        LoggingSystem.bootstrap { JSONLogHandler(label: $0, logLevel: level) }
        return settings
    }

    /// How long a claim is good for that is not renewed.
    func lease(_ settings: Settings) throws -> Duration {
        .seconds(try settings.reader.number(.workerLease, default: 60))
    }

    func worker(
        _ settings: Settings, _ queue: any JobQueue, _ metrics: MetricRegistry, _ logger: Logger
    ) throws -> Worker {
        let own = "\(data ?? NSTemporaryDirectory())/worker"
        return Worker(
            queue, store: try settings.store(),
            folders: .init(
                pipelines: PublishedFolder(path: pipelines), assets: AssetFolder(path: assets),
                scratch: "\(own)/scratch"),
            cache: AssetCache(path: cache ?? "\(own)/cache"), metrics: metrics, logger: logger)
    }
}
