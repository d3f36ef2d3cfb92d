import Dispatch
import FoundationEssentials
import Glibc
import GraphDSL
import LibAV
import MediaChannel
import Runner
import Synchronization

/// Parent's side of one job: sends it, serves byte ranges, and receives replies until the last.
final class MediaSession: Sendable {
    /// The last reply, and the bytes that came with it.
    struct Answer: Sendable {
        var reply: MediaReply
        var attachment: [UInt8]
    }

    private let child: MediaChild
    private let job: MediaJob
    private let source: (any ByteSource)?
    private let output: Int32?
    private let onReply: @Sendable (MediaReply) -> Void
    private let cancellation = CancellationFlag()
    private let result = Mutex<Result<Answer, RunError>?>(nil)
    private let begun = Atomic(false)

    /// True once the process has given up its privileges and may read the file.
    var hasBegun: Bool { begun.load(ordering: .acquiring) }

    /// Timeout of a process's start, in seconds.
    private static let startTimeout = 60.0
    /// Time beyond the job's limit before the parent gives up, in seconds.
    private static let grace = 15.0

    /// - Parameters:
    ///   - output: a file that the job writes.
    ///   - onReply: called with all replies but the last.
    init(
        _ child: MediaChild, _ work: MediaJob.Work, _ source: (any ByteSource)?, name: String, output: Int32?,
        limits: Limits, isolation: MediaJob.Isolation, onReply: @escaping @Sendable (MediaReply) -> Void
    ) {
        self.child = child
        self.source = source
        self.output = output
        self.onReply = onReply
        let input: MediaJob.Input =
            switch source {
            case nil: .none
            case is FileByteSource: .file
            case let source?: .ranges(size: source.size, isDistant: source.isDistant)
            }
        job = MediaJob(work, input: input, name: name, limits: limits, isolation: isolation)
    }

    /// Runs the job. Cancelling the task ends it.
    ///
    /// - Returns: its result; nil if the process died.
    func run() async -> Result<Answer, RunError>? {
        let group = DispatchGroup()
        do throws(RunError) { try start(group) } catch { return .failure(error) }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                group.notify(queue: .global()) { continuation.resume() }
            }
        } onCancel: {
            cancellation.cancel()
            child.kill()
        }
        return result.withLock(\.self)
    }

    private func start(_ group: DispatchGroup) throws(RunError) {
        var files: [Int32] = []
        var server: ByteRangeServer?
        var remote: Int32?
        if let file = source as? FileByteSource {
            files.append(file.descriptor)
        } else if let source {
            let ends: (Int32, Int32)
            do { ends = try MediaChannel.pair() } catch { throw .fault("no socket can be made (\(error))") }
            server = ByteRangeServer(ends.0, source)
            remote = ends.1
            files.append(ends.1)
        }
        if let output { files.append(output) }
        group.enter()
        do throws(RunError) {
            try WorkThread.start("media") { [self, files, server, remote] in
                let outcome = converse(files, remote)
                result.withLock { $0 = outcome }
                server?.stop()
            } then: {
                group.leave()
            }
        } catch {
            if let remote { close(remote) }
            group.leave()
            throw error
        }
        guard let server else { return }
        group.enter()
        do throws(RunError) {
            try WorkThread.start("media bytes") { [cancellation] in
                server.run(cancellation)
            } then: {
                group.leave()
            }
        } catch {
            child.kill()
            group.leave()
        }
    }

    /// Sends the job and waits for its end. Blocks.
    ///
    /// - Parameter remote: the child's end of the byte-range socket, closed here once it was sent.
    private func converse(_ files: [Int32], _ remote: Int32?) -> Result<Answer, RunError>? {
        defer { cancellation.cancel() }
        do {
            defer { if let remote { close(remote) } }
            _ = try child.channel.receive(MediaReply.self, until: .now + .seconds(Self.startTimeout))
            try child.channel.send(job, files)
        } catch {
            return nil
        }
        let deadline = ContinuousClock.now + .seconds(job.limits.time.value + min(Self.grace, job.limits.time.value))
        do throws(MediaChannel.Problem) {
            while true {
                let (reply, attachment) = try child.channel.receive(MediaReply.self, until: deadline)
                switch reply {
                case .failed(let error): return .failure(error)
                case .probed, .made, .baked, .checked: return .success(Answer(reply: reply, attachment: attachment))
                case .locked:
                    // A process locks itself once, and says nothing else twice.
                    guard !hasBegun else { return nil }
                    begun.store(true, ordering: .releasing)
                    onReply(reply)
                case .ready: return nil
                case .progress: onReply(reply)
                }
            }
        } catch {
            return error == .late ? .failure(.tookTooLong(limit: job.limits.time)) : nil
        }
    }
}
