import ArgumentParser
import Foundation
import Logging
import PlatformSettings
import ServiceLifecycle
import Storage
import Telemetry
import UnixSignals
import Worker

struct LambdaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lambda", abstract: "Does the jobs that AWS Lambda hands over.",
        discussion: "What runs where AWS_LAMBDA_RUNTIME_API is set and no other command is given.")

    /// Where Lambda is asked; nil where there is none.
    static var address: String? { ProcessInfo.processInfo.environment["AWS_LAMBDA_RUNTIME_API"] }

    @OptionGroup var options: WorkerOptions

    func run() async throws {
        guard let address = Self.address else { throw ValidationError("AWS_LAMBDA_RUNTIME_API is not set") }
        let runtime = try LambdaRuntime(address: address)
        let loop: LambdaLoop
        do { loop = try await makeLoop(runtime) } catch {
            // Lambda shows this where it would show nothing but that the process ended.
            try await runtime.failInit(type: "Cortina.Setup", message: "\(error)")
            throw error
        }
        try await ServiceGroup(
            configuration: .init(
                services: [loop], gracefulShutdownSignals: [.sigterm], logger: Logger(label: "cortina-worker"))
        ).run()
    }

    private func makeLoop(_ runtime: LambdaRuntime) async throws -> LambdaLoop {
        let settings = try await options.readSettings()
        let logger = Logger(label: "cortina-worker")
        let database = try settings.database()
        let pool = try settings.pool(database)
        let queue = PostgresJobQueue(pool, database, lease: try options.lease(settings))
        let metrics = MetricRegistry()
        let report = settings.reader[.metricsNamespace].map { EmbeddedMetrics(metrics, namespace: $0) }
        let worker = try options.worker(settings, queue, metrics, logger)
        return LambdaLoop(runtime, worker, queue, pool, logger: logger) { report?.write(at: Date()) }
    }
}
