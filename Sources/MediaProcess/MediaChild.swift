import Dispatch
import Glibc
import Logging
import MediaChannel
import Runner
import Subprocess
import Synchronization
import SystemPackage

/// A media process that waits for its one job, or does it.
final class MediaChild: Sendable {
    let channel: MediaChannel
    private let process: Task<End, any Error>

    /// How a process ended.
    struct End: Sendable {
        let status: TerminationStatus
        /// True if it used up its processor time.
        var isOutOfTime: Bool { status == .signaled(SIGXCPU) }
        /// The last that it wrote to its standard error.
        let words: String
    }

    /// How a process ended, for people.
    static func words(_ status: TerminationStatus) -> String {
        switch status {
        case .exited(let code): "exit code \(code)"
        case .signaled(let signal): "signal \(signal), \(String(cString: strsignal(signal)))"
        }
    }

    /// Capacity of the standard-error tail, in bytes.
    private static let wordsLimit = 2000

    /// Starts a process: with nothing of the environment, in a session of its own.
    ///
    /// - Throws: ``MediaChannel/Problem``.
    init(_ program: String) throws(MediaChannel.Problem) {
        let (own, other) = try MediaChannel.pair()
        channel = MediaChannel(own)
        process = Task(executorPreference: SpawnExecutor.shared) {
            var options = PlatformOptions()
            options.createSession = true
            let result = try await Subprocess.run(
                .path(FilePath(program)), environment: .custom([:] as [Environment.Key: String]),
                workingDirectory: "/", platformOptions: options,
                input: .fileDescriptor(FileDescriptor(rawValue: other), closeAfterSpawningProcess: true),
                output: .discarded, error: .sequence
            ) { execution in
                var words: [UInt8] = []
                for try await piece in execution.standardError {
                    words += piece.withUnsafeBytes(Array.init)
                    words = words.suffix(Self.wordsLimit)
                }
                return String(decoding: words, as: UTF8.self)
            }
            return End(status: result.terminationStatus, words: result.closureResult)
        }
    }

    deinit { process.cancel() }

    /// Ends the process, whatever it does.
    func kill() {
        process.cancel()
        channel.shutDown()
    }

    /// Waits until the process has ended.
    ///
    /// - Returns: nil if it could not be started, or its end was not seen.
    func end() async -> End? { try? await process.value }
}

/// Starts processes and follows them on threads of its own: a process starts also while the concurrency pool's threads are all at work.
private final class SpawnExecutor: TaskExecutor {
    static let shared = SpawnExecutor()

    private let queue = DispatchQueue(label: "cortina.spawn", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
