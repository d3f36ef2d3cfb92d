import Dispatch
import Glibc
import MediaChannel
import Subprocess
import SystemPackage

/// A media process, idle or running its one job.
final class MediaChild: Sendable {
    let channel: MediaChannel
    private let process: Task<End, any Error>

    /// How a process ended.
    struct End: Sendable {
        let status: TerminationStatus
        /// True if it used up its processor time.
        var isOutOfTime: Bool { status == .signaled(SIGXCPU) }
        /// Tail of its standard error, at most 2000 bytes.
        let errorTail: String
    }

    /// Describes how a process ended.
    static func describe(_ status: TerminationStatus) -> String {
        switch status {
        case .exited(let code): "exit code \(code)"
        case .signaled(let signal): "signal \(signal), \(String(cString: strsignal(signal)))"
        }
    }

    /// Capacity of the standard-error tail, in bytes.
    private static let errorTailLimit = 2000

    /// Starts a process with an empty environment in a new session (setsid(2)).
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
                var tail: [UInt8] = []
                for try await piece in execution.standardError {
                    tail += piece.withUnsafeBytes(Array.init)
                    tail = tail.suffix(Self.errorTailLimit)
                }
                return String(decoding: tail, as: UTF8.self)
            }
            return End(status: result.terminationStatus, errorTail: result.closureResult)
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

/// Runs spawning tasks on a Dispatch queue, so that a process starts while all threads of the concurrency pool are busy.
private final class SpawnExecutor: TaskExecutor {
    static let shared = SpawnExecutor()

    private let queue = DispatchQueue(label: "cortina.spawn", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
