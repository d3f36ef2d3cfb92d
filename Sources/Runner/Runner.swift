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

    /// Checks a manifest's assets, and finds out what they and a clip are.
    func survey(
        _ manifest: Manifest, _ path: String, _ cancellation: CancellationFlag
    ) throws(RunError) -> (upload: MediaInfo, assets: [AssetPath: MediaInfo]) {
        let source = try Self.open(path)
        try assets.verify(manifest.assets)
        let upload = try Prober.probe(source, name: path, limits: limits, cancellation: cancellation)
        var infos: [AssetPath: MediaInfo] = [:]
        for asset in manifest.assets { infos[asset.path] = try probe(asset.path, cancellation) }
        return (upload, infos)
    }

    func job(
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
