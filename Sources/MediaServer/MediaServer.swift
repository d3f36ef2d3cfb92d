import Dispatch
import FoundationEssentials
import Glibc
import GraphDSL
import LibAV
import Logging
import MediaChannel
public import Runner
import Sandbox

/// The program `cortina-media`: one job, from its message to its answer.
///
/// All descriptors are opened before the first untrusted byte is read. Afterwards the process can open no other file, use no network and
/// start no program.
public struct MediaServer: Sendable {
    private let job: MediaJob
    private let files: [Int32]
    private let channel: MediaChannel
    private let afterLock: Hook
    private static let logger = Logger(label: "cortina-media") { _ in SwiftLogNoOpLogHandler() }

    /// Test hook, called in the locked process.
    public typealias Hook = @Sendable (_ name: String) throws(RunError) -> Void

    /// Does one job and ends the process.
    ///
    /// Must run on the main thread before any other thread starts: Landlock restricts the calling thread and its later threads only.
    ///
    /// - Parameter afterLock: called with the input's name when the process has given up its rights.
    public static func serve(afterLock: @escaping Hook = { _ in }) -> Never {
        var status = stat()
        guard fstat(STDIN_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
            let help: StaticString = "cortina-media is started by other programs; try `cortina run --isolate`\n"
            _ = write(STDERR_FILENO, help.utf8Start, help.utf8CodeUnitCount)
            exit(EX_USAGE)
        }
        Sandbox.begin()
        Runner.warmUp(logger)
        let channel = MediaChannel(STDIN_FILENO)
        do {
            try channel.send(MediaReply.ready)
            let (job, files) = try channel.receiveWithFiles(MediaJob.self)
            let server = MediaServer(job: job, files: files, channel: channel, afterLock: afterLock)
            if case .bake(let bake) = job.work {
                // No stranger's file is read: the process keeps its rights, and its threads.
                Task { end(channel, await server.bake(bake), []) }
                dispatchMain()
            }
            let (reply, attachment) = server.perform()
            end(channel, reply, attachment)
        } catch {
            // The parent has closed the channel.
            _exit(EXIT_FAILURE)
        }
    }

    private static func end(_ channel: MediaChannel, _ reply: MediaReply, _ attachment: [UInt8]) -> Never {
        _exit((try? channel.send(reply, attachment: attachment)) == nil ? EXIT_FAILURE : EXIT_SUCCESS)
    }

    private init(job: MediaJob, files: [Int32], channel: MediaChannel, afterLock: @escaping Hook) {
        self.job = job
        self.files = files
        self.channel = channel
        self.afterLock = afterLock
    }

    // MARK: Work

    private func perform() -> (MediaReply, attachment: [UInt8]) {
        do throws(RunError) {
            switch job.work {
            case .probe: return (.probed(try probe()), [])
            case .make(let make): return try self.make(make)
            case .check:
                try lock(files: [:])
                return (.checked, [])
            case .bake: throw .fault("baking is no work for a process without rights")
            }
        } catch {
            return (.failed(error), [])
        }
    }

    private func probe() throws(RunError) -> ProbeFacts {
        let runner = Runner(assets: AssetFolder(path: ""), limits: job.limits, inputs: try input(), logger: Self.logger)
        try lock(files: [:])
        let info = try BlockingRunner(runner).probe(job.name)
        return ProbeFacts(container: info.container, seconds: info.duration?.value, size: info.video?.displaySize)
    }

    private func make(_ make: MediaJob.Make) throws(RunError) -> (MediaReply, attachment: [UInt8]) {
        let manifest = try manifest(make.manifest)
        guard let output = files.dropFirst().first else { throw .fault("a job came without its output") }
        let named = NamedFiles(manifest)
        let runner = try Runner(
            assets: AssetFolder(path: make.assets), limits: job.limits, cache: make.cache.map { AssetCache(path: $0) },
            inputs: try input(), logger: Self.logger
        ).opening(manifest, fonts: named.fonts)
        try lock(files: named.descriptors)
        let clock = ContinuousClock()
        let begin = clock.now
        let plan = try BlockingRunner(runner).plan(manifest, for: job.name, parameters: make.parameters)
        let facts = PlanFacts(
            seconds: Seconds(begin.duration(to: clock.now) / .seconds(1)), size: plan.size ?? .hd1080)
        let report = try BlockingRunner(runner).run(
            plan, input: job.name, descriptor: output, name: "the video"
        ) { tell(.progress($0)) }
        var poster: [UInt8] = []
        let end = clock.now
        if let width = make.posterWidth {
            poster = try self.poster(output, lasting: report.duration, width: width)
        }
        return (
            .made(report, plan: facts, posterSeconds: Seconds(end.duration(to: clock.now) / .seconds(1))), poster
        )
    }

    /// The picture in the middle of a video, as JPEG.
    private func poster(_ video: Int32, lasting duration: Seconds, width: Int) throws(RunError) -> [UInt8] {
        let inputs = InputOpener { (name, _) throws(ByteSourceError) in
            try FileByteSource(descriptor: fcntl(video, F_DUPFD_CLOEXEC, 0), name: name)
        }
        let runner = Runner(assets: AssetFolder(path: ""), limits: job.limits, inputs: inputs, logger: Self.logger)
        return Array(
            try BlockingRunner(runner).picture(of: "the video", at: Seconds(duration.value / 2), width: width))
    }

    /// Encodes segments ahead of time.
    private func bake(_ bake: MediaJob.Bake) async -> MediaReply {
        do throws(RunError) {
            let runner = Runner(
                assets: AssetFolder(path: bake.assets), limits: job.limits, cache: AssetCache(path: bake.cache),
                logger: Self.logger)
            let baked = try await runner.bake(try manifest(bake.manifest), sizes: [bake.size])
            return .baked(baked.count { !$0.wasThere })
        } catch {
            return .failed(error)
        }
    }

    private func manifest(_ json: Data) throws(RunError) -> Manifest {
        do { return try Manifest(json: json) } catch { throw .fault("the manifest cannot be read") }
    }

    // MARK: Input

    private func input() throws(RunError) -> InputOpener {
        let source: any ByteSource
        do throws(ByteSourceError) {
            switch (job.input, files.first) {
            case (.file, let file?): source = try FileByteSource(descriptor: file, name: job.name)
            case (.ranges(let size, let isDistant), let socket?):
                source = ByteRangeSource(socket, size: size, isDistant: isDistant, name: job.name)
            default: throw .notFound(job.name)
            }
        } catch {
            throw .fault("a job came without its input")
        }
        return InputOpener { _, _ in source }
    }

    // MARK: The lock

    /// Restricts the process. Must be called before the input is read.
    private func lock(files: [String: Int32]) throws(RunError) {
        let mechanisms = Sandbox.lock(
            .init(
                // Address space exceeds resident memory because of thread stacks and arenas; the watchdog bounds resident memory.
                memory: job.limits.memory / 5 * 6,
                processorSeconds: job.limits.processorTime.map { Int($0.value.rounded(.up)) }
                    ?? Int(job.limits.time.value) * Processors.threads + 10,
                fileBytes: job.limits.outputBytes + 1 << 20),
            files: files)
        guard mechanisms.filtersCalls && mechanisms.hasNoNewPrivileges || job.isolation == .available else {
            let missing = mechanisms.refusals.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
            throw .fault("the system does not let a media process restrict itself (\(missing.joined(separator: "; ")))")
        }
        tell(
            .locked(
                Restrictions(
                    filtersCalls: mechanisms.filtersCalls, landlock: mechanisms.landlock, missing: mechanisms.refusals)
            ))
        try watch()
        try afterLock(job.name)
    }

    /// Exits when the parent has closed its end.
    private func watch() throws(RunError) {
        let socket = channel.descriptor
        try WorkThread.start("watch") {
            var byte: UInt8 = 0
            while recv(socket, &byte, 1, Int32(MSG_PEEK)) < 0, errno == EINTR {}
            _exit(EXIT_FAILURE)
        } then: {
        }
    }

    private func tell(_ reply: MediaReply) { try? channel.send(reply) }
}
