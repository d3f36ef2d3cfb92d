import Dispatch
public import GraphDSL
import LibAV
public import Logging

/// Probes clips, binds manifests to them, and runs the plans.
///
/// Nothing here blocks Swift's cooperative threads.
public struct Runner: Sendable {
    /// Where pipelines' assets lie.
    public let assets: AssetFolder

    private let logger: Logger

    /// A runner that finds assets in a folder. Sets libav's log and memory up for the whole process.
    ///
    /// - Parameter logger: gets libav's own lines, at debug level: the facts that matter are in errors and reports.
    public init(assets: AssetFolder, logger: Logger) {
        self.assets = assets
        self.logger = logger
        LibAVMemory.keepSmall()
        LibAVLog.redirect { level, line in
            logger.debug("\(line)", metadata: ["from": "libav", "libav-level": "\(level)"])
        }
    }

    /// Finds out what a file is.
    ///
    /// - Throws: ``RunError``.
    public func probe(_ path: String) async throws(RunError) -> MediaInfo {
        try await Self.blocking { cancellation throws(RunError) in
            let source = try Self.open(path)
            return try Prober.probe(source, name: path, cancellation: cancellation)
        }
    }

    /// Checks a manifest's assets and binds it to a clip.
    ///
    /// - Parameter parameters: what this run gives to the pipeline's parameters.
    /// - Throws: ``RunError``, before any frame is decoded.
    public func plan(
        _ manifest: Manifest, for path: String, parameters: [String: String] = [:]
    ) async throws(RunError) -> Plan {
        try await Self.blocking { cancellation throws(RunError) in
            let source = try Self.open(path)
            try assets.verify(manifest.assets)
            let upload = try Prober.probe(source, name: path, cancellation: cancellation)
            var infos: [AssetPath: MediaInfo] = [:]
            for asset in manifest.assets {
                infos[asset.path] = try probe(asset.path, cancellation)
            }
            return try Binder.bind(manifest, to: upload, named: path, assets: infos, parameters: parameters)
        }
    }

    /// Starts running a plan.
    ///
    /// - Parameters:
    ///   - input: the clip that the plan was made for.
    ///   - output: where the video goes; it appears there only when it is whole.
    /// - Throws: ``RunError`` where input or output cannot be opened.
    public func run(_ plan: Plan, input: String, output: String) async throws(RunError) -> Run {
        try await Self.blocking { _ throws(RunError) in
            let file = try OutputFile(path: output, input: input)
            let names = plan.inputs.map { $0.asset.map(assets.file) ?? input }
            var sources: [any ByteSource] = []
            for name in names { sources.append(try Self.open(name)) }
            let (progress, continuation) = AsyncStream.makeStream(
                of: RunProgress.self, bufferingPolicy: .bufferingNewest(1))
            let job = RunJob(plan: plan, names: names, sources: sources, output: file, progress: continuation)
            let run = Run(job, progress: progress)
            run.start()
            return run
        }
    }

    private func probe(_ asset: AssetPath, _ cancellation: CancellationFlag) throws(RunError) -> MediaInfo {
        do throws(RunError) {
            return try Prober.probe(
                try Self.open(assets.file(asset)), name: assets.file(asset), cancellation: cancellation)
        } catch {
            if case .notMedia(_, let reason) = error { throw .unusableAsset(asset, reason: reason.reason) }
            throw error
        }
    }

    private static func open(_ path: String) throws(RunError) -> FileByteSource {
        do throws(ByteSourceError) { return try FileByteSource(path: path) } catch {
            switch error {
            case .notFound(let path): throw .noSuchInput(path)
            case .system(let path, let code): throw .unreadableInput(path, errno: code)
            }
        }
    }

    /// Does blocking work on a thread of its own; cancelling the task breaks it off.
    private static func blocking<Value: Sendable>(
        _ work: @escaping @Sendable (CancellationFlag) throws(RunError) -> Value
    ) async throws(RunError) -> Value {
        let cancellation = CancellationFlag()
        let result: Result<Value, RunError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DispatchQueue(label: "cortina.files").async {
                    do throws(RunError) { continuation.resume(returning: .success(try work(cancellation))) } catch {
                        continuation.resume(returning: .failure(error))
                    }
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
        return try result.get()
    }
}
