import FoundationEssentials
import Glibc
import GraphDSL
import LibAV
import Logging
import MediaChannel
import Runner
import Sandbox

/// One job, from its message to its answer.
struct Session {
    private let job: MediaJob
    private let files: [Int32]
    private let channel: MediaChannel
    private let logger: Logger

    init(_ job: MediaJob, _ files: [Int32], _ channel: MediaChannel, _ logger: Logger) {
        self.job = job
        self.files = files
        self.channel = channel
        self.logger = logger
    }

    /// Does the job.
    func perform() async -> MediaReply {
        do throws(RunError) {
            switch job.work {
            case .probe: return .probed(try await probe())
            case .make(let make): return try await self.make(make)
            case .bake(let bake): return .baked(try await self.bake(bake))
            }
        } catch {
            return .failed(error)
        }
    }

    // MARK: Work

    private func probe() async throws(RunError) -> MediaInfo {
        let runner = Runner(assets: AssetFolder(path: ""), limits: job.limits, inputs: try input(), logger: logger)
        try lock(files: [:])
        return try await runner.probe(job.name)
    }

    private func make(_ make: MediaJob.Make) async throws(RunError) -> MediaReply {
        let manifest = try manifest(make.manifest)
        guard let output = files.dropFirst().first else { throw .fault("a job came without its output") }
        let named = NamedFiles(manifest)
        let runner = try Runner(
            assets: AssetFolder(path: make.assets), limits: job.limits, cache: make.cache.map { AssetCache(path: $0) },
            inputs: try input(), logger: logger
        ).opening(manifest, fonts: named.fonts)
        try lock(files: named.descriptors)
        let clock = ContinuousClock()
        let begin = clock.now
        let plan = try await runner.plan(manifest, for: job.name, parameters: make.parameters)
        let planned = Seconds(begin.duration(to: clock.now) / .seconds(1))
        let run = try await runner.run(plan, input: job.name, descriptor: output, name: "the video")
        for await step in run.progress { tell(.progress(step)) }
        let report = try await run.report()
        var poster: Data?
        if let width = make.posterWidth {
            poster = try await self.poster(output, lasting: report.duration, width: width)
        }
        return .made(report, plan: planned, poster: poster)
    }

    /// The picture in the middle of a video, as JPEG.
    private func poster(
        _ video: Int32, lasting duration: Seconds, width: Int
    ) async throws(RunError) -> Data {
        let inputs = InputOpener { (name, _) throws(ByteSourceError) in
            try FileByteSource(descriptor: fcntl(video, F_DUPFD_CLOEXEC, 0), name: name)
        }
        let runner = Runner(assets: AssetFolder(path: ""), limits: job.limits, inputs: inputs, logger: logger)
        let still = try await runner.stills(of: "the video").before(at: Seconds(duration.value / 2), width: width)
        return Data(still.jpeg)
    }

    /// Encodes segments ahead of time. No stranger's file is read, so the process keeps its rights.
    private func bake(_ bake: MediaJob.Bake) async throws(RunError) -> Int {
        let runner = Runner(
            assets: AssetFolder(path: bake.assets), limits: job.limits, cache: AssetCache(path: bake.cache),
            logger: logger)
        return try await runner.bake(try manifest(bake.manifest), sizes: [bake.size]).count { !$0.wasThere }
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

    /// Gives up all privileges. What is read of the input is read after this.
    private func lock(files: [String: Int32]) throws(RunError) {
        let mechanisms = Sandbox.lock(
            .init(
                memory: job.limits.memory, processorSeconds: Int(job.limits.time.value) * Processors.threads + 10,
                fileBytes: job.limits.outputBytes + 1 << 20),
            files: files)
        guard mechanisms.filtersCalls, mechanisms.hasNoNewPrivileges else {
            throw .fault("the system does not let a process restrict itself: \(mechanisms.refusals)")
        }
        tell(
            .locked(
                Restrictions(
                    filtersCalls: mechanisms.filtersCalls, landlock: mechanisms.landlock, missing: mechanisms.refusals)
            ))
        try watch()
    }

    /// Ends the process when the one that wants the job done has ended.
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
