import ArgumentParser
import Database
import Foundation
import Logging
import MediaProcess
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
        _ settings: Settings, _ queue: any JobQueue, _ metrics: MetricRegistry, _ logger: Logger, width: Int = 1
    ) throws -> Worker {
        let own = "\(data ?? NSTemporaryDirectory())/worker"
        var limits = Limits()
        limits.memory = try settings.reader.number(.workerMemory, default: Self.memory ?? limits.memory)
        limits.outputBytes = Int64(
            try settings.reader.number(.workerOutputBytes, default: Self.room ?? Int(limits.outputBytes)))
        return Worker(
            queue, store: try settings.store(),
            folders: .init(
                pipelines: PublishedFolder(path: pipelines), assets: AssetFolder(path: assets),
                scratch: "\(own)/scratch"),
            cache: AssetCache(path: cache ?? "\(own)/cache"),
            media: MediaProcesses(width: width, isolation: try settings.mediaIsolation(), logger: logger),
            limits: limits, metrics: metrics, logger: logger)
    }

    // MARK: What a function of Lambda's has

    /// How much memory, in bytes, but for a tenth: what is left is the system's.
    private static var memory: Int? {
        // In MiB (AWS Lambda Developer Guide, "Defined runtime environment variables").
        ProcessInfo.processInfo.environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"].flatMap { Int($0) }
            .map { $0 << 20 / 10 * 9 }
    }

    /// How much room on the disk, in bytes, but for a quarter: a poster and what the cache may grow by.
    private static var room: Int? {
        guard LambdaCommand.address != nil else { return nil }
        let facts = try? FileManager.default.attributesOfFileSystem(forPath: NSTemporaryDirectory())
        return (facts?[.systemFreeSize] as? NSNumber).map { $0.intValue / 4 * 3 }
    }
}
