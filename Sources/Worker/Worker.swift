public import CoreMetrics
import Database
public import Logging
public import MediaProcess
import Metrics
public import Runner
public import Storage

/// Does jobs: makes what each asks for, and makes the result the video's.
public struct Worker: Sendable {
    /// Where a worker's things lie.
    public struct Folders: Sendable {
        /// The published manifests.
        public var pipelines: PublishedFolder
        /// The pipelines' files.
        public var assets: AssetFolder
        /// For what is on its way, of all workers of this machine.
        public var scratch: String

        public init(pipelines: PublishedFolder, assets: AssetFolder, scratch: String) {
            self.pipelines = pipelines
            self.assets = assets
            self.scratch = scratch
        }
    }

    /// How a job ended.
    public enum Outcome: String, Hashable, Sendable {
        /// The video is there.
        case made
        /// The upload is at fault.
        case failed
        /// It is somebody else's turn, later.
        case givenBack = "given-back"
        /// Somebody else has it, or will when the lease has run out.
        case lost
    }

    private let queue: any JobQueue
    private let store: any ObjectStore
    private let maker: VideoMaker
    private let metrics: any MetricsFactory
    private let logger: Logger

    /// - Parameters:
    ///   - cache: where encoded bumpers and what assets are is kept.
    ///   - media: where strangers' files are worked on.
    ///   - limits: what each job may take.
    ///   - metrics: where jobs are counted.
    public init(
        _ queue: any JobQueue, store: any ObjectStore, folders: Folders, cache: AssetCache?, media: MediaProcesses,
        limits: Limits = Limits(),
        metrics: any MetricsFactory = NOOPMetricsHandler.instance, logger: Logger
    ) {
        self.queue = queue
        self.store = store
        self.metrics = metrics
        self.logger = logger
        maker = VideoMaker(
            store: store, pipelines: folders.pipelines, assets: folders.assets, cache: cache, media: media,
            limits: limits, scratch: ScratchSpace(in: folders.scratch), logger: logger)
    }

    /// Logs which mechanisms restrict media processes here.
    ///
    /// - Throws: ``RunError``, also if the system refuses what is required.
    public func check() async throws(RunError) { try await maker.media.check() }

    /// Starts the media process that the first job will find ready.
    func warmUp() { maker.media.warmUp() }

    /// Ends the media process that is kept ready.
    func stop() { maker.media.stop() }

    /// Removes what workers left behind that were killed.
    func clear() { maker.scratch.clearAbandoned() }

    /// Removes all that it has on the disk but the cache, now that it does no job.
    func clearScratch() { maker.scratch.clearOwn() }

    /// Does a job. Where the task is cancelled, the job is given back, and the attempt does not count.
    ///
    /// - Parameter logger: what is told how it ended; nil for the worker's own.
    @discardableResult
    func perform(_ job: Job, _ logger: Logger? = nil) async -> Outcome {
        let begin = ContinuousClock.now
        let result = await make(job)
        // What was begun is ended, whoever wants to stop.
        let (outcome, reason) = await Task { await conclude(job, result) }.value
        let spent = begin.duration(to: .now)
        log(job, outcome, reason, try? result.get(), spent, logger ?? self.logger)
        count(job, outcome, result, spent)
        if case .success(let made) = result { await maker.fillCache(made, of: job) }
        return outcome
    }

    /// Makes the video, as long as the job is ours.
    private func make(_ job: Job) async -> Result<VideoMaker.Made, any Error> {
        let keeper = ClaimKeeper(job, in: queue)
        do {
            return .success(
                try await withThrowingTaskGroup(of: VideoMaker.Made?.self) { group in
                    group.addTask { try await maker.make(job, progress: keeper.note) }
                    group.addTask {
                        try await keeper.keep()
                        return nil
                    }
                    defer { group.cancelAll() }
                    do {
                        guard let made = try await group.next() ?? nil else { throw CancellationError() }
                        return made
                    } catch {
                        group.cancelAll()
                        // A result that comes all the same is nobody's.
                        while let late = await group.nextResult() {
                            if case .success(let made?) = late { await remove([made.video, made.poster]) }
                        }
                        throw error
                    }
                })
        } catch {
            return .failure(Task.isCancelled ? CancellationError() : error)
        }
    }

    private func conclude(_ job: Job, _ result: Result<VideoMaker.Made, any Error>) async -> (Outcome, String?) {
        do {
            switch result {
            case .success(let made):
                let keys = JobRepository.Result(
                    processedKey: made.video.description, posterKey: made.poster.description)
                guard let replaced = try await queue.finish(job, with: keys) else {
                    await remove([made.video, made.poster])
                    return (.lost, nil)
                }
                await remove(replaced.compactMap { ObjectKey($0) })
                return (.made, nil)
            case .failure(is ClaimKeeper.Lost):
                return (.lost, nil)
            case .failure(is CancellationError):
                return (
                    try await queue.giveBack(job, after: .zero, .nobody, .interrupted) ? .givenBack : .lost,
                    "stopped"
                )
            case .failure(let error as RunError) where !error.classification.isWorthRetrying && error.blame == .input:
                return (try await queue.fail(job, error.failure) ? .failed : .lost, "\(error)")
            case .failure(let error):
                // What a calmer machine might have done is the file's matter when none could.
                let told = (error as? RunError).flatMap { $0.blame == .input ? $0.failure : nil } ?? .interrupted
                let isOurs = try await queue.giveBack(
                    job, after: Self.pause(after: job.attempt), Self.charge(error), told)
                return (isOurs ? .givenBack : .lost, "\(error)")
            }
        } catch {
            // The database is away: the lease runs out, and somebody takes the job again.
            return (.lost, "\(error)")
        }
    }

    /// Whom an attempt is charged to that ended with an error.
    private static func charge(_ error: any Error) -> JobRepository.Charge {
        switch (error as? RunError)?.classification.code {
        case .crashed, .tookTooLong: .file
        default: .attempt
        }
    }

    /// How long a job waits that could not be done: longer each time.
    private static func pause(after attempt: Int) -> Duration { .seconds(10) * (attempt * attempt) }

    /// Removes objects that nothing refers to; what cannot be removed now is swept.
    private func remove(_ keys: [ObjectKey]) async {
        for key in keys {
            do { try await store.remove(key) } catch {
                logger.warning("an object was not removed", metadata: ["key": "\(key)", "error": "\(error)"])
            }
        }
    }

    private func count(
        _ job: Job, _ outcome: Outcome, _ result: Result<VideoMaker.Made, any Error>, _ spent: Duration
    ) {
        let pipeline = ("pipeline", "\(job.pipeline.name)@\(job.pipeline.version)")
        Timer(label: "job.duration", dimensions: [pipeline, ("outcome", outcome.rawValue)], factory: metrics)
            .record(duration: spent)
        Timer(label: "job.wait", factory: metrics).record(duration: job.waited)
        if case .failure(let error) = result {
            let reason = (error as? RunError)?.classification.code.rawValue ?? "\(type(of: error))"
            Counter(label: "job.failures", dimensions: [("reason", reason)], factory: metrics).increment()
        }
        guard case .success(let made) = result else { return }
        Recorder(label: "job.scratch_bytes", factory: metrics).record(made.cost.bytesOnDisk)
        let report = made.report
        if report.wallSeconds > 0 {
            Recorder(label: "job.frames_per_second", dimensions: [pipeline], factory: metrics)
                .record(Double(report.frames) / report.wallSeconds)
        }
    }

    /// One line for each job.
    private func log(
        _ job: Job, _ outcome: Outcome, _ reason: String?, _ made: VideoMaker.Made?, _ spent: Duration,
        _ logger: Logger
    ) {
        var facts: Logger.Metadata = [
            "job": "\(job.id)", "video": "\(job.video)", "attempt": "\(job.attempt)", "outcome": "\(outcome.rawValue)",
            "pipeline": "\(job.pipeline.name)@\(job.pipeline.version)", "digest": "\(job.pipeline.digest)",
            "waited": Self.seconds(job.waited), "seconds": Self.seconds(spent),
        ]
        if let reason { facts["reason"] = "\(reason)" }
        if let made {
            let (report, cost) = (made.report, made.cost)
            facts["frames"] = "\(report.frames)"
            facts["bytes-read"] = "\(cost.bytesTransferred ?? report.bytesRead["upload"] ?? 0)"
            facts["bytes-written"] = "\(report.bytesWritten)"
            facts["bytes-on-disk"] = "\(cost.bytesOnDisk)"
            facts["steps"] = .dictionary(cost.steps.mapValues(Self.seconds))
            facts["work"] = .dictionary(report.workSeconds.mapValues { Self.seconds(.seconds($0)) })
            if !report.warnings.isEmpty { facts["warnings"] = .array(report.warnings.map { "\($0)" }) }
        }
        logger.log(level: outcome == .made ? .info : .warning, "job", metadata: facts)
    }

    /// A time in seconds, to the millisecond.
    private static func seconds(_ duration: Duration) -> Logger.MetadataValue {
        "\((duration / .milliseconds(1)).rounded() / 1000)"
    }
}

extension RunError {
    /// The error as it is told to the owner of a file: a sentence.
    var failure: Video.Failure {
        let text = "\(self)"
        return Video.Failure(
            code: classification.code.rawValue, message: text.prefix(1).uppercased() + text.dropFirst() + ".")
    }
}
