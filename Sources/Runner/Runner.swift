public import GraphDSL
package import LibAV
public import Logging

/// Probes clips, binds manifests to them, and runs the plans.
///
/// Nothing here blocks Swift's cooperative threads.
public struct Runner: Sendable {
    /// Where pipelines' assets lie.
    public let assets: AssetFolder
    /// What each job may take.
    public let limits: Limits

    /// A runner that finds assets in a folder. Sets libav's log and memory up for the whole process.
    ///
    /// - Parameters:
    ///   - assets: where pipelines' assets lie.
    ///   - limits: what each call of this runner may take.
    ///   - logger: gets libav's own lines, at debug level: the facts that matter are in errors and reports.
    public init(assets: AssetFolder, limits: Limits = Limits(), logger: Logger) {
        self.assets = assets
        self.limits = limits
        LibAVMemory.keepSmall()
        LibAVMemory.bound(limits.memory)
        LibAVLog.redirect { level, line in
            logger.debug("\(line)", metadata: ["from": "libav", "libav-level": "\(level)"])
        }
    }

    /// Finds out what a file is.
    ///
    /// - Throws: ``RunError``.
    public func probe(_ path: String) async throws(RunError) -> MediaInfo {
        try await blocking { cancellation throws(RunError) in
            let source = try Self.open(path)
            return try Prober.probe(source, name: path, limits: limits, cancellation: cancellation)
        }
    }

    /// Checks a manifest's assets and binds it to a clip.
    ///
    /// - Parameters:
    ///   - manifest: the pipeline.
    ///   - path: the clip.
    ///   - parameters: what this run gives to the pipeline's parameters.
    /// - Throws: ``RunError``, before any frame is decoded.
    public func plan(
        _ manifest: Manifest, for path: String, parameters: [String: String] = [:]
    ) async throws(RunError) -> Plan {
        try await blocking { cancellation throws(RunError) in
            let (upload, infos) = try survey(manifest, path, cancellation)
            return try Binder.bind(
                manifest, to: upload, named: path, assets: infos, parameters: parameters, limits: limits)
        }
    }

    /// The graph of a pipeline for a clip after each step of binding, and what each step changed.
    ///
    /// - Throws: ``RunError``.
    public func explain(
        _ manifest: Manifest, for path: String, parameters: [String: String] = [:]
    ) async throws(RunError) -> [GraphStep] {
        try await blocking { cancellation throws(RunError) in
            let (upload, infos) = try survey(manifest, path, cancellation)
            return try Binder.steps(manifest, to: upload, named: path, assets: infos, parameters: parameters)
        }
    }

    /// Makes single pictures of what a pipeline makes of a clip.
    ///
    /// - Throws: ``RunError``.
    public func stills(
        _ manifest: Manifest, of path: String, parameters: [String: String] = [:]
    ) async throws(RunError) -> StillMaker {
        try await blocking { cancellation throws(RunError) in
            let (upload, infos) = try survey(manifest, path, cancellation)
            return try StillMaker(
                manifest, clip: path, upload: upload, assets: infos, parameters: parameters, runner: self)
        }
    }

    /// Checks a manifest's assets, and finds out what they and a clip are.
    private func survey(
        _ manifest: Manifest, _ path: String, _ cancellation: CancellationFlag
    ) throws(RunError) -> (upload: MediaInfo, assets: [AssetPath: MediaInfo]) {
        let source = try Self.open(path)
        try assets.verify(manifest.assets)
        let upload = try Prober.probe(source, name: path, limits: limits, cancellation: cancellation)
        var infos: [AssetPath: MediaInfo] = [:]
        for asset in manifest.assets { infos[asset.path] = try probe(asset.path, cancellation) }
        return (upload, infos)
    }

    /// What a pipeline would do with a clip, found out on the real filter graph; takes about a second, writes nothing.
    ///
    /// - Throws: ``RunError``, as a run would.
    public func dryRun(
        _ manifest: Manifest, for path: String, parameters: [String: String] = [:]
    ) async throws(RunError) -> DryRun {
        let plan = try await plan(manifest, for: path, parameters: parameters)
        let job = try await blocking { _ throws(RunError) -> RunJob in
            try self.job(
                for: plan, input: path,
                to: .sample(frames: DryRun.sampleFrames, seconds: DryRun.sampleSeconds))
        }
        let run = Run(job, progress: AsyncStream { $0.finish() })
        try run.start()
        return DryRun(plan, try await run.report(), job.sampled)
    }

    /// The planes of one picture as it leaves a plan's filters, for tests of stages.
    ///
    /// - Parameter number: which picture, from 0.
    /// - Throws: ``RunError``; ``RunError/unsuitable(_:)`` where there are fewer.
    package func picture(_ number: Int, of plan: Plan, input: String) async throws(RunError) -> [[UInt8]] {
        let handover = FrameHandover()
        let job = try await blocking { _ throws(RunError) -> RunJob in
            try self.job(for: plan, input: input, to: .handover(handover))
        }
        let run = Run(job, progress: AsyncStream { $0.finish() })
        try run.start()
        let planes = try await blocking { _ throws(RunError) -> [[UInt8]]? in
            defer { handover.frames.close() }
            for _ in 0..<number where handover.frames.pop() == nil { return nil }
            return handover.frames.pop().map { frame in (0..<3).map(frame.bytes) }
        }
        _ = try await run.report()
        guard let planes else { throw .unsuitable("the output has fewer than \(number + 1) pictures") }
        return planes
    }

    /// Compares the pictures that two plans make of one clip.
    ///
    /// - Throws: ``RunError``.
    public func compare(_ first: Plan, _ second: Plan, input: String) async throws(RunError) -> Comparison {
        let handovers = (FrameHandover(), FrameHandover())
        let jobs = try await blocking { _ throws(RunError) -> (RunJob, RunJob) in
            (
                try self.job(for: first, input: input, to: .handover(handovers.0)),
                try self.job(for: second, input: input, to: .handover(handovers.1))
            )
        }
        let runs = [jobs.0, jobs.1].map { Run($0, progress: AsyncStream { $0.finish() }) }
        // Whatever ends one ends both: each waits for the other's frames.
        let endBoth = { @Sendable in for run in runs { run.cancel() } }
        do throws(RunError) {
            for run in runs { try run.start() }
            let result = await withTaskCancellationHandler {
                await compared(handovers, frameRate: first.output.frameRate)
            } onCancel: {
                endBoth()
            }
            let comparison = try result.get()
            for run in runs { _ = try await run.report() }
            return comparison
        } catch {
            endBoth()
            throw error
        }
    }

    private func compared(
        _ handovers: (FrameHandover, FrameHandover), frameRate: Rational
    ) async -> Result<Comparison, RunError> {
        do throws(RunError) {
            return .success(
                try await blocking { _ throws(RunError) in
                    var comparer = FrameComparer(frameRate: frameRate)
                    do throws(AVError) { try comparer.run(handovers.0, handovers.1) } catch {
                        for handover in [handovers.0, handovers.1] { handover.frames.close() }
                        throw .fault("the pictures cannot be compared: \(error.reason)")
                    }
                    return comparer.comparison
                })
        } catch {
            return .failure(error)
        }
    }

    /// What of a pipeline's filters and options this machine's libavfilter does not know or take.
    ///
    /// - Throws: ``RunError``.
    public func findings(of manifest: Manifest) async throws(RunError) -> [FilterFinding] {
        try await blocking { _ throws(RunError) in try manifest.graph.findings() }
    }

    private func job(
        for plan: Plan, input: String, to destination: RunJob.Destination,
        progress: AsyncStream<RunProgress>.Continuation? = nil
    ) throws(RunError) -> RunJob {
        let names = plan.inputs.map { $0.asset.map(assets.file) ?? input }
        var sources: [any ByteSource] = []
        for name in names { sources.append(try Self.open(name)) }
        return RunJob(
            plan: plan, names: names, sources: sources, destination: destination, limits: limits, progress: progress)
    }

    /// Starts running a plan.
    ///
    /// - Parameters:
    ///   - plan: what is run.
    ///   - input: the clip that the plan was made for.
    ///   - output: where the video goes; it appears there only when it is whole.
    /// - Throws: ``RunError`` where input or output cannot be opened.
    public func run(_ plan: Plan, input: String, output: String) async throws(RunError) -> Run {
        try await blocking { _ throws(RunError) in
            let file = try OutputFile(path: output, input: input)
            let (progress, continuation) = AsyncStream.makeStream(
                of: RunProgress.self, bufferingPolicy: .bufferingNewest(1))
            let job = try self.job(for: plan, input: input, to: .file(file), progress: continuation)
            let run = Run(job, progress: progress)
            try run.start()
            return run
        }
    }

    /// Runs a plan up to some frames that go nowhere. Blocks.
    ///
    /// - Parameter sources: the bytes of the plan's inputs, in their order.
    /// - Throws: ``RunError``.
    package static func rehearse(
        _ plan: Plan, sources: [any ByteSource], frames: Int, limits: Limits
    ) throws(RunError) -> RunReport {
        let names = plan.inputs.map { $0.asset?.description ?? "input" }
        return try RunJob(
            plan: plan, names: names, sources: sources, destination: .nowhere(after: frames), limits: limits
        ).perform().get()
    }

    private func probe(_ asset: AssetPath, _ cancellation: CancellationFlag) throws(RunError) -> MediaInfo {
        do throws(RunError) {
            return try Prober.probe(
                try Self.open(assets.file(asset)), name: assets.file(asset), limits: limits,
                cancellation: cancellation)
        } catch {
            if case .notMedia(_, let reason) = error { throw .unusableAsset(asset, reason: reason.reason) }
            throw error
        }
    }

    static func open(_ path: String) throws(RunError) -> FileByteSource {
        do throws(ByteSourceError) { return try FileByteSource(path: path) } catch {
            switch error {
            case .notFound(let path): throw .noSuchInput(path)
            case .system(let path, let code): throw .unreadableInput(path, errno: code)
            }
        }
    }

    /// Does blocking work on a thread of its own, within the limits; cancelling the task breaks it off.
    func blocking<Value: Sendable>(
        _ work: @escaping @Sendable (CancellationFlag) throws(RunError) -> Value
    ) async throws(RunError) -> Value {
        let cancellation = CancellationFlag()
        let outcome = Outcome<Value>()
        let watchdog = try Watchdog(limits) { error in
            outcome.end(.failure(error))
            cancellation.cancel()
        } abandon: {
            outcome.release()
        }
        defer { watchdog.stop() }
        try WorkThread.start("files") {
            do throws(RunError) { outcome.end(.success(try work(cancellation))) } catch {
                outcome.end(.failure(error))
            }
        } then: {
            outcome.release()
        }
        await withTaskCancellationHandler {
            await outcome.wait()
        } onCancel: {
            cancellation.cancel()
        }
        return try outcome.take().get()
    }
}
