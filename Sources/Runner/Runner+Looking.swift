public import GraphDSL
import LibAV

// What shows a pipeline without making a video of it.
extension Runner {
    /// The graph of a pipeline for a clip after each step of binding, and what each step changed.
    ///
    /// - Throws: ``RunError``.
    public func explain(
        _ manifest: Manifest, for path: String, parameters: [String: String] = [:]
    ) async throws(RunError) -> [GraphStep] {
        try await blocking { cancellation throws(RunError) in
            let (upload, infos) = try survey(manifest, path, cancellation)
            return try Binder.steps(
                manifest, to: upload.info, named: inputs.name(path), assets: infos, parameters: parameters)
        }
    }

    /// Makes single pictures of what a pipeline makes of a clip.
    ///
    /// - Throws: ``RunError``.
    public func stills(
        _ manifest: Manifest, of path: String, parameters: [String: String] = [:]
    ) async throws(RunError) -> StillMaker {
        try await blocking { cancellation throws(RunError) in
            try stills(manifest, path, parameters, cancellation)
        }
    }

    func stills(
        _ manifest: Manifest, _ path: String, _ parameters: [String: String], _ cancellation: CancellationFlag
    ) throws(RunError) -> StillMaker {
        let (upload, infos) = try survey(manifest, path, cancellation)
        return try StillMaker(
            manifest, clip: path, upload: upload.info, assets: infos, parameters: parameters, runner: self)
    }

    /// Makes single pictures of a clip itself.
    ///
    /// - Throws: ``RunError``.
    public func stills(of path: String) async throws(RunError) -> StillMaker {
        try await stills(Self.untouched, of: path)
    }

    /// A pipeline that shows a clip as it is.
    static var untouched: Manifest { .untouched(output: MP4(video: .h264(), frameRate: 30).profile) }

    /// What a pipeline would do with a clip, found out on the real filter graph; takes about a second, writes nothing.
    ///
    /// - Parameters:
    ///   - manifest: the pipeline.
    ///   - path: the clip.
    ///   - parameters: what the run would give to the pipeline's parameters.
    ///   - sampleTime: how long frames are taken to measure what a run would cost; fewer are taken where a few are enough.
    /// - Throws: ``RunError``, as a run would.
    public func dryRun(
        _ manifest: Manifest, for path: String, parameters: [String: String] = [:],
        sampleTime: Seconds = DryRun.sampleTime
    ) async throws(RunError) -> DryRun {
        let plan = try await plan(manifest, for: path, parameters: parameters)
        let job = try await blocking { cancellation throws(RunError) -> RunJob in
            try self.job(
                for: plan, input: path,
                to: .sample(frames: DryRun.sampleFrames, seconds: sampleTime.value), cancellation)
        }
        let run = Run(job, progress: AsyncStream { $0.finish() })
        try run.start()
        return DryRun(plan, try await run.report(), job.sampled, cache)
    }

    /// What of a pipeline's filters, encoders and their options this machine's libav does not know or take.
    ///
    /// - Throws: ``RunError``.
    public func findings(of manifest: Manifest) async throws(RunError) -> [LibraryFinding] {
        try await blocking { _ throws(RunError) in try manifest.findings() }
    }

    /// The planes of one picture as it leaves a plan's filters, for tests of stages.
    ///
    /// - Parameter number: which picture, from 0.
    /// - Throws: ``RunError``; ``RunError/unsuitable(_:)`` where there are fewer.
    package func picture(_ number: Int, of plan: Plan, input: String) async throws(RunError) -> [[UInt8]] {
        let handover = FrameHandover()
        let job = try await blocking { cancellation throws(RunError) -> RunJob in
            try self.job(for: plan, input: input, to: .handover(handover), cancellation)
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
        let jobs = try await blocking { cancellation throws(RunError) -> (RunJob, RunJob) in
            (
                try self.job(for: first, input: input, to: .handover(handovers.0), cancellation),
                try self.job(for: second, input: input, to: .handover(handovers.1), cancellation)
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
}
