import ArgumentParser
import Foundation
import Logging
import PlatformSettings
import ServiceLifecycle
import Storage
import Telemetry
import UnixSignals
import Worker

struct PollCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "poll", abstract: "Takes jobs from the queue, one after the other, until it is interrupted.",
        discussion: "What is being made then is given back, and made by whoever takes it next.")

    @OptionGroup var options: WorkerOptions

    @Option(help: "How many jobs are done at once.")
    var jobs = 1

    @Flag(help: "Ends where standard input does, as it does when whoever started this ends.")
    var untilInputEnds = false

    func validate() throws {
        guard (1...64).contains(jobs) else { throw ValidationError("--jobs must be from 1 to 64") }
    }

    func run() async throws {
        let settings = try await options.readSettings()
        let logger = Logger(label: "cortina-worker")
        let (database, lease) = (try settings.database(), try options.lease(settings))
        let pool = try settings.pool(database)
        let queue: any JobQueue =
            if let messages = try settings.messages() {
                SQSJobQueue(pool, messages, lease: lease, logger: logger)
            } else {
                PostgresJobQueue(pool, database, lease: lease)
            }
        let metrics = MetricRegistry()
        let worker = try options.worker(settings, queue, metrics, logger, width: jobs)
        try await worker.check()
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
