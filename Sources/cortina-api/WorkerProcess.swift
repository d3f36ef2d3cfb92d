import Database
import Foundation
import Logging
import PlatformSettings
import ServiceLifecycle
import Subprocess
import SystemPackage

/// A worker of this machine's: a process that is started again where it ends by itself, and ends when this one does, however
/// that is.
struct WorkerProcess: Service {
    let database: DatabaseSettings
    /// Where files of our own lie.
    let data: String
    /// The folder of published pipelines.
    let pipelines: String
    /// A file of settings.
    let settings: String?
    let logger: Logger

    /// A worker that ends sooner after its start is not well.
    private static let shortLife = Duration.seconds(10)
    private static let longestPause = Duration.seconds(10)

    func run() async {
        await cancelWhenGracefulShutdown {
            var pause = Duration.milliseconds(200)
            while !Task.isCancelled {
                let begin = ContinuousClock.now
                do {
                    let end = try await start()
                    if !Task.isCancelled { logger.warning("the worker ended", metadata: ["how": "\(end)"]) }
                } catch {
                    if !Task.isCancelled { logger.error("no worker", metadata: ["error": "\(error)"]) }
                }
                let isWell = begin.duration(to: .now) >= Self.shortLife
                pause = isWell ? .milliseconds(200) : min(pause * 2, Self.longestPause)
                try? await Task.sleep(for: pause)
            }
        }
    }

    /// Runs it to its end.
    private func start() async throws -> TerminationStatus {
        var options = PlatformOptions()
        // What interrupts us at a terminal does not interrupt it: it is told to end.
        options.processGroupID = 0
        options.teardownSequence = [.send(signal: .terminate, allowedDurationToNextStep: .seconds(10))]
        var arguments = ["poll", "--data", data, "--pipelines", pipelines, "--until-input-ends"]
        if let settings { arguments += ["--settings", settings] }
        // Nothing is written into it: its end is what says something. No other child may hold it open.
        let input = try FileDescriptor.pipe()
        defer { try? input.writeEnd.close() }
        _ = fcntl(input.writeEnd.rawValue, F_SETFD, FD_CLOEXEC)
        return try await Subprocess.run(
            .path(FilePath(Self.program)), arguments: Arguments(arguments),
            environment: .inherit.updating(environment), platformOptions: options,
            input: .fileDescriptor(input.readEnd, closeAfterSpawningProcess: true), output: .discarded,
            error: .currentStandardError
        ).terminationStatus
    }

    private var environment: [Environment.Key: String] {
        let values = [
            Setting.databaseHost: database.host, .databasePort: "\(database.port)", .databaseName: database.database,
            .databaseUser: database.user,
        ]
        return Dictionary(uniqueKeysWithValues: values.map { (Environment.Key(stringLiteral: $0.variable), $1) })
    }

    /// It lies beside this program.
    private static var program: String {
        let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let own = link ?? CommandLine.arguments[0]
        return URL(filePath: own).deletingLastPathComponent().appending(path: "cortina-worker").path
    }
}
