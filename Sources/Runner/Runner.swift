import Dispatch
public import GraphDSL
public import LibAV
public import Logging

/// Probes clips, binds manifests to them, and runs the plans.
///
/// Nothing here blocks Swift's cooperative threads.
public struct Runner: Sendable {
    /// Where pipelines' assets lie.
    public private(set) var assets: AssetFolder
    /// What each job may take.
    public let limits: Limits
    /// Where encoded bumpers and what assets are is kept; nil where each run finds that anew.
    public private(set) var cache: AssetCache?
    private var fonts = FontFiles()
    /// How clips are opened.
    public let inputs: InputOpener

    /// What tests do to runs.
    package var disturbance: Disturbance?

    private let beginnings = BeginningShelf()

    /// A runner that finds assets in a folder. Sets libav's log and memory up for the whole process.
    ///
    /// - Parameters:
    ///   - assets: where pipelines' assets lie.
    ///   - limits: what each call of this runner may take.
    ///   - cache: where encoded bumpers and what assets are is kept; nil where each run finds that anew.
    ///   - inputs: how clips are opened.
    ///   - logger: gets libav's own lines, at debug level: the facts that matter are in errors and reports.
    public init(
        assets: AssetFolder, limits: Limits = Limits(), cache: AssetCache? = nil, inputs: InputOpener = .files,
        logger: Logger
    ) {
        self.inputs = inputs
        self.assets = assets
        self.cache = cache
        self.limits = limits
        Self.setUp(limits, logger)
    }

    /// Sets libav's log and memory up for the whole process.
    package static func setUp(_ limits: Limits, _ logger: Logger) {
        LibAVMemory.keepSmall()
        // No picture, index or packet takes more in one piece.
        LibAVMemory.bound(limits.memory / 4)
        LibAVLog.redirect { level, line in
            logger.debug("\(line)", metadata: ["from": "libav", "libav-level": "\(level)"])
        }
    }

    /// Returns a runner that has a manifest's assets and the cached segments open. It opens no other file than clips from then on, and
    /// keeps nothing in the cache. Blocks.
    ///
    /// - Parameter fonts: the font files that its graphs name in place of families.
    /// - Throws: ``RunError`` where an asset is missing or another.
    public func opening(_ manifest: Manifest, fonts: FontFiles) throws(RunError) -> Runner {
        var runner = self
        runner.fonts = fonts
        runner.assets = try assets.opening(try survey(manifest.assets, CancellationFlag()))
        runner.cache = cache?.opening()
        return runner
    }

    /// Finds out what a file is.
    ///
    /// - Throws: ``RunError``.
    public func probe(_ path: String) async throws(RunError) -> MediaInfo {
        try await blocking { cancellation throws(RunError) in try probe(path, cancellation) }
    }

    func probe(_ path: String, _ cancellation: CancellationFlag) throws(RunError) -> MediaInfo {
        let source = try open(path, cancellation)
        return try Prober.probe(source, name: inputs.name(path), limits: limits, cancellation: cancellation)
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
        try await blocking { cancellation throws(RunError) in try plan(manifest, path, parameters, cancellation) }
    }

    func plan(
        _ manifest: Manifest, _ path: String, _ parameters: [String: String], _ cancellation: CancellationFlag
    ) throws(RunError) -> Plan {
        let (begun, infos) = try survey(manifest, path, cancellation)
        let plan = try Binder.bind(
            manifest, to: begun.info, named: inputs.name(path), assets: infos, parameters: parameters,
            limits: limits, fonts: fonts)
        beginnings.put(begun.beginning.flatMap { $0.reaches(plan.graph.uploadEnd) ? $0 : nil }, of: path)
        return plan
    }

    /// Checks a manifest's assets, and finds out what they and a clip are.
    func survey(
        _ manifest: Manifest, _ path: String, _ cancellation: CancellationFlag
    ) throws(RunError) -> (upload: (info: MediaInfo, beginning: Beginning?), assets: [AssetPath: MediaInfo]) {
        let source = try open(path, cancellation)
        let assets = Outcome<[AssetPath: MediaInfo]>()
        let group = DispatchGroup()
        group.enter()
        try WorkThread.start("assets") {
            do throws(RunError) { assets.end(.success(try survey(manifest.assets, cancellation))) } catch {
                assets.end(.failure(error))
            }
        } then: {
            group.leave()
        }
        let upload = Result { () throws(RunError) in
            try look(at: source, inputs.name(path), until: manifest.graph.uploadEnd, cancellation)
        }
        // Whatever the upload is: nothing of this goes on behind the caller's back.
        group.wait()
        return (try upload.get(), try assets.take().get())
    }

    /// Finds out what a clip is. Of one that is far away only that part of its index is read that its beginning needs.
    ///
    /// - Parameter end: the moment that it is needed up to; nil where all is.
    private func look(
        at source: any ByteSource, _ name: String, until end: Seconds?, _ cancellation: CancellationFlag
    ) throws(RunError) -> (info: MediaInfo, beginning: Beginning?) {
        try Prober.check(source, name: name, limits: limits, cancellation: cancellation)
        let begin = { (source: any ByteSource) throws(RunError) in
            try Prober.begin(source, name: name, limits: limits, cancellation: cancellation)
        }
        let short: ShortIndexSource?
        do throws(ByteSourceError) {
            short = try end.flatMap { end throws(ByteSourceError) in
                try ShortIndexSource(source, until: end, cancellation: cancellation)
            }
        } catch {
            throw cancellation.isCancelled ? .cancelled : RunError(error)
        }
        // What it is cannot be told from its beginning where that was not enough.
        guard let short, var begun = try? begin(short), !short.isExceeded else { return try begin(source) }
        begun.info.bytes = source.size
        return begun
    }

    /// Checks assets, and finds out what they are.
    func survey(
        _ references: [AssetReference], _ cancellation: CancellationFlag
    ) throws(RunError) -> [AssetPath: MediaInfo] {
        var infos: [AssetPath: MediaInfo] = [:]
        for asset in references { infos[asset.path] = assets.info(of: asset.path) }
        guard infos.count < references.count else { return infos }
        try assets.verify(references)
        for asset in references {
            if let known = cache?.info(of: asset.sha256) {
                infos[asset.path] = known
                continue
            }
            let info = try probe(asset: asset.path, cancellation)
            cache?.keep(info, of: asset.sha256)
            infos[asset.path] = info
        }
        return infos
    }

    /// A job that runs a plan, or the body of one.
    ///
    /// - Parameter beginning: what was read of the input already.
    func job(
        for plan: Plan, of whole: Plan? = nil, input: String, from beginning: Beginning? = nil,
        to destination: RunJob.Destination, progress: RunJob.Progress? = nil,
        _ cancellation: CancellationFlag
    ) throws(RunError) -> RunJob {
        var sources: [any ByteSource] = []
        for part in plan.inputs {
            if let asset = part.asset {
                sources.append(try assets.source(of: asset))
            } else {
                let source: any ByteSource =
                    if let beginning { beginning.source } else { try open(input, cancellation) }
                sources.append(source)
            }
        }
        return RunJob(
            plan: plan, of: whole, named: { $0.asset.map(assets.file) ?? inputs.name(input) }, sources: sources,
            beginning: beginning, destination: destination, limits: limits, progress: progress, disturbance: disturbance
        )
    }

    /// Starts running a plan.
    ///
    /// - Parameters:
    ///   - plan: what is run.
    ///   - input: the clip that the plan was made for.
    ///   - output: where the video goes; it appears there only when it is whole.
    /// - Throws: ``RunError`` where input or output cannot be opened.
    public func run(_ plan: Plan, input: String, output: String) async throws(RunError) -> Run {
        try await run(plan, input: input) { () throws(RunError) in try OutputFile(path: output, input: input) }
    }

    /// Starts running a plan into an open file.
    ///
    /// - Parameters:
    ///   - plan: what is run.
    ///   - input: the clip that the plan was made for.
    ///   - descriptor: the file, open for reading and writing; it stays the caller's.
    ///   - name: what the output is called in errors.
    /// - Throws: ``RunError`` where the input cannot be opened.
    public func run(
        _ plan: Plan, input: String, descriptor: Int32, name: String
    ) async throws(RunError) -> Run {
        try await run(plan, input: input) { OutputFile(descriptor: descriptor, name: name) }
    }

    private func run(
        _ plan: Plan, input: String, output: @escaping @Sendable () throws(RunError) -> OutputFile
    ) async throws(RunError) -> Run {
        try await blocking { cancellation throws(RunError) in
            let (progress, continuation) = AsyncStream.makeStream(
                of: RunProgress.self, bufferingPolicy: .bufferingNewest(1))
            let run = try makeRun(plan, input, try output(), progress, cancellation) { step in
                if let step { continuation.yield(step) } else { continuation.finish() }
            }
            try run.start()
            return run
        }
    }

    /// A run that has not begun.
    func makeRun(
        _ plan: Plan, _ input: String, _ file: OutputFile, _ steps: AsyncStream<RunProgress>,
        _ cancellation: CancellationFlag, _ progress: @escaping RunJob.Progress
    ) throws(RunError) -> Run {
        let maker = SegmentMaker(cache: cache, assets: assets, limits: limits)
        let job = { @Sendable (part: Plan, beginning: Beginning?) throws(RunError) in
            try self.job(
                for: part, of: plan, input: input, from: beginning, to: .file(file, maker), progress: progress,
                cancellation)
        }
        return Run(try job(plan.body, beginnings.take(input)), progress: steps) { refusal throws(RunError) in
            switch refusal {
            case .packets: try job(plan, nil)
            case .index: try job(plan.body, nil)
            }
        }
    }

    /// Runs a plan up to some frames that go nowhere. Blocks.
    ///
    /// - Parameter sources: the bytes of the plan's inputs, in their order.
    /// - Throws: ``RunError``.
    package static func rehearse(
        _ plan: Plan, sources: [any ByteSource], frames: Int, limits: Limits
    ) throws(RunError) -> RunReport {
        try RunJob(
            plan: plan, named: { $0.asset?.description ?? "input" }, sources: sources,
            destination: .nowhere(after: frames), limits: limits
        ).perform().get()
    }

    private func probe(asset: AssetPath, _ cancellation: CancellationFlag) throws(RunError) -> MediaInfo {
        do throws(RunError) {
            return try Prober.probe(
                try assets.source(of: asset), name: assets.file(asset), limits: limits,
                cancellation: cancellation)
        } catch {
            if case .notMedia(_, let reason) = error { throw .unusableAsset(asset, reason: reason.reason) }
            if case .unsupportedFormat(_, let format) = error { throw .unusableAsset(asset, reason: "it is \(format)") }
            throw error
        }
    }

    static func open(_ path: String) throws(RunError) -> FileByteSource {
        do throws(ByteSourceError) { return try FileByteSource(path: path) } catch { throw RunError(error) }
    }

    /// The bytes of a clip.
    func open(_ clip: String, _ cancellation: CancellationFlag) throws(RunError) -> any ByteSource {
        do throws(ByteSourceError) { return try inputs.open(clip, cancellation) } catch {
            if cancellation.isCancelled { throw .cancelled }
            throw RunError(error)
        }
    }

    /// Opens a clip.
    ///
    /// - Throws: ``RunError``.
    public func source(_ clip: String) async throws(RunError) -> any ByteSource {
        try await blocking { cancellation throws(RunError) in try open(clip, cancellation) }
    }

    /// Does blocking work on a thread of its own, within the limits; cancelling the task breaks it off.
    func blocking<Value: Sendable>(
        _ work: @escaping @Sendable (CancellationFlag) throws(RunError) -> Value
    ) async throws(RunError) -> Value {
        guard !Task.isCancelled else { throw .cancelled }
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
