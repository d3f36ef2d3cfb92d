import Dispatch
import GraphDSL
import LibAV
import Synchronization

/// The work of a run: starts the tasks, waits for all of them, and keeps the first thing that went wrong.
final class RunJob: Sendable {
    /// What runs: the body of a plan that has segments, or all of it.
    let plan: Plan
    let limits: Limits
    let meter = WorkMeter()
    let cancellation = CancellationFlag()

    private let disturbance: Disturbance?
    private let whole: Plan
    private let names: [String]
    private let inputNames: [String]
    private let sources: [any ByteSource]
    private let beginning: Mutex<Beginning?>
    private let destination: Destination
    private let progress: Progress?
    private let state: Mutex<State>

    /// Gets how far a run is, and nil at its end.
    typealias Progress = @Sendable (RunProgress?) -> Void

    /// Where a job's frames go.
    enum Destination: Sendable {
        /// Encoded, into a file, with the segments of the whole plan before and behind.
        case file(OutputFile, SegmentMaker)
        /// Encoded, to be kept.
        case segment(SegmentCollection)
        /// Nowhere, after so many of them.
        case nowhere(after: Int)
        /// Through the encoder and then nowhere: so many frames of the body, or as many as come in so many seconds.
        case sample(frames: Int, seconds: Double)
        /// To another thread, as they leave the filters.
        case handover(FrameHandover)
    }

    private struct State {
        var failure: RunError?
        var refusal: Refusal?
        var warnings: [String] = []
        var bytesRead: [String: Int64] = [:]
        var frames = 0
        var isOver = false
        var uploadFrames = 0
        var piecesToFailure: Int
        var firstFrame: Double?
        var links: [FilterGraphInstance.Link] = []
        var sample: Sample?
        var segments: [ContentDigest: SegmentMaker.Made] = [:]
        var wakers: [@Sendable () -> Void] = []
    }

    /// - Parameters:
    ///   - plan: what runs.
    ///   - whole: the plan that it is the body of; nil where it is the whole.
    ///   - name: what an input is called in errors and in the report.
    ///   - sources: the bytes of the inputs of `plan`.
    ///   - beginning: what was read of the upload already.
    init(
        plan: Plan, of whole: Plan? = nil, named name: (Plan.Input) -> String, sources: [any ByteSource],
        beginning: Beginning? = nil, destination: Destination, limits: Limits,
        progress: Progress? = nil,
        disturbance: Disturbance? = nil
    ) {
        self.disturbance = disturbance
        state = Mutex(State(piecesToFailure: disturbance?.piece ?? 0))
        self.plan = plan
        self.whole = whole ?? plan
        names = plan.inputs.map(name)
        inputNames = (whole ?? plan).inputs.map(name)
        self.sources = sources
        self.beginning = Mutex(beginning)
        self.destination = destination
        self.limits = limits
        self.progress = progress
    }

    /// Runs to the end. Blocks.
    func perform() -> Result<RunReport, RunError> {
        defer {
            if refusal == nil { progress?(nil) }
            // A job that ends before its graph is configured has no sink to say so.
            if case .handover(let handover) = destination { handover.frames.finish() }
        }
        var bytesWritten: Int64 = 0
        do throws(RunError) {
            let watchdog = try Watchdog(limits) { [self] error in fail(error) }
            defer { watchdog.join() }
            if case .file(_, let maker) = destination, !cancellation.isCancelled { prepare(maker) }
            if !cancellation.isCancelled { runTasks() }
            let (failure, isOver) = state.withLock { ($0.failure, $0.isOver) }
            if let failure { throw failure }
            guard isOver else {
                throw cancellation.isCancelled ? .cancelled : .fault("the run ended without an output")
            }
            if case .file(let output, _) = destination { bytesWritten = try output.commit() }
        } catch {
            if case .file(let output, _) = destination { output.discard() }
            return .failure(error)
        }
        return .success(report(bytesWritten))
    }

    /// Gets the segments that stand before and behind what runs.
    private func prepare(_ maker: SegmentMaker) {
        guard whole.segments.contains(where: { $0.key != nil }) else { return }
        do throws(RunError) {
            let segments = try measure("segments") { () throws(RunError) in
                try maker.segments(of: whole, for: self)
            }
            state.withLock { $0.segments = segments }
        } catch {
            fail(error)
        }
    }

    private func report(_ bytesWritten: Int64) -> RunReport {
        let state = state.withLock(\.self)
        return RunReport(
            pipeline: whole.pipeline, digest: whole.digest, frames: state.frames,
            duration: Seconds(Double(state.frames) / plan.output.frameRate.value),
            wallSeconds: meter.elapsed, processorSeconds: meter.processor, workSeconds: meter.totals,
            firstFrameSeconds: state.firstFrame,
            bytesRead: state.bytesRead, bytesWritten: bytesWritten, normalisations: whole.normalisations,
            warnings: whole.warnings + state.warnings, inputs: inputNames, filterGraph: whole.filterGraph,
            segments: whole.segments.compactMap { segment in
                segment.key.flatMap { state.segments[$0] }.map {
                    .init(frames: $0.segment.frames, isFromCache: $0.isFromCache)
                }
            })
    }

    /// What takes the frames of the filter graph.
    ///
    /// - Parameters:
    ///   - graph: the graph; nil where no stream goes through one.
    ///   - copy: the packets that go past it.
    func sink(_ graph: FilterGraphInstance?, _ copy: CopyFeed?) throws(RunError) -> any FrameSink {
        switch (destination, graph) {
        case (.file(let output, let maker), _):
            try OutputTask(
                graph, copy, file: output,
                segments: { [self] header throws(RunError) in
                    try maker.join(whole, state.withLock(\.segments), to: header, for: self)
                }, job: self)
        case (.segment(let collection), let graph?): try SegmentTask(graph, into: collection, job: self)
        case (.nowhere(let count), _): FrameCounter(count, job: self)
        case (.handover(let handover), _): handover.sink(self)
        case (.sample(let frames, let seconds), let graph?):
            try SampleTask(graph, wanted: frames, budget: seconds, job: self)
        case (_, nil): throw .fault("packets can be passed on into a file only")
        }
    }

    /// Gives away what was read of the upload, where a run can go on from there. It holds several pictures: nothing else keeps it.
    private func takeBeginning(for input: Plan.Input) -> Beginning? {
        let taken = beginning.withLock { beginning in
            defer { beginning = nil }
            return beginning
        }
        return taken.flatMap { $0.suits(input, copying: plan.copied) ? $0 : nil }
    }

    /// Starts a thread for each task and waits until all have ended.
    private func runTasks() {
        let group = DispatchGroup()
        var feeds: [DecodeFeed] = []
        var copy: CopyFeed?
        for (index, input) in plan.inputs.enumerated() {
            let task = InputTask(
                input, name: names[index], source: sources[index],
                beginning: index == 0 ? takeBeginning(for: input) : nil, job: self)
            feeds += task.feeds
            copy = copy ?? task.copy
            task.start(in: group)
        }
        FilterTask(feeds: feeds, copy: copy, job: self).start(in: group)
        while group.wait(timeout: .now() + Watchdog.patience) == .timedOut {
            // One that has not ended long after the flag was raised never will, and is left behind.
            if cancellation.isCancelled, group.wait(timeout: .now() + Watchdog.patience) == .timedOut { return }
        }
    }

    /// Runs a task on a thread of its own; what it throws ends the run.
    ///
    /// - Parameter finally: called after the task, and after what it threw was noted: whoever waits for the task must not
    ///   take a failure for an end.
    func spawn(
        _ label: String, in group: DispatchGroup, _ body: @escaping @Sendable () throws(RunError) -> Void,
        finally: @escaping @Sendable () -> Void = {}
    ) {
        group.enter()
        do throws(RunError) {
            try WorkThread.start(label) { [self] in
                do throws(RunError) { try body() } catch { fail(error) }
                finally()
            } then: {
                group.leave()
            }
        } catch {
            fail(error)
            finally()
            group.leave()
        }
    }

    /// Does a piece of work and adds the time that it took to its kind's.
    func measure<Result, Failure: Error>(
        _ kind: String, _ work: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if let disturbance, disturbance.failing == kind {
            let isDue = state.withLock { state in
                state.piecesToFailure -= 1
                return state.piecesToFailure == -1
            }
            if isDue { fail(disturbance.cancels ? .cancelled : Disturbance.error(kind)) }
        }
        return try meter.measure(kind, work)
    }

    /// How much a queue holds that would hold so many.
    func capacity(_ usual: Int) -> Int { min(usual, disturbance?.queueCapacity ?? usual) }

    // MARK: The end

    /// Ends the run with an error; the first one counts.
    func fail(_ error: RunError) {
        // The flag before the list: whoever adds a waker after the list was read sees the flag.
        cancellation.cancel()
        let wakers = state.withLock { state in
            // A request that comes when the output is whole comes too late; a fault that is found then does not.
            if state.failure == nil, !state.isOver || error != .cancelled { state.failure = error }
            return state.wakers
        }
        for wake in wakers { wake() }
    }

    /// What cannot be done as planned, though it can be done.
    enum Refusal: Hashable {
        /// The packets of the upload's picture cannot be passed on.
        case packets(CopyTask.Refusal)
        /// More of the upload is needed than its index was read for.
        case index
    }

    /// Ends the run because it cannot go as planned.
    func refuse(_ refusal: Refusal) {
        state.withLock { $0.refusal = $0.failure == nil ? refusal : nil }
        fail(.cancelled)
    }

    /// What could not be done as planned, where that ended the run.
    var refusal: Refusal? { state.withLock(\.refusal) }

    /// Ends the run on request.
    func cancel() { fail(.cancelled) }

    /// Has `wake` called when the run is broken off, so that a waiting task sees it.
    func onEnd(_ wake: @escaping @Sendable () -> Void) {
        state.withLock { $0.wakers.append(wake) }
        if cancellation.isCancelled { wake() }
    }

    /// Notes that the output is whole: a later cancellation changes nothing any more.
    func complete(frames: Int) {
        state.withLock { state in
            state.isOver = state.failure == nil
            state.frames = frames
        }
    }

    /// Notes what a sample showed: the end of a dry run.
    func complete(sample: Sample) {
        state.withLock { $0.sample = sample }
        complete(frames: sample.frames)
    }

    /// What the upload is called in errors.
    var uploadName: String { names.first ?? "the input" }

    // MARK: Notes

    /// Adds a warning, once.
    func warn(_ warning: String) {
        state.withLock { if !$0.warnings.contains(warning) { $0.warnings.append(warning) } }
    }

    /// Notes how much of an input was read.
    func note(bytesRead: Int64, of name: String) { state.withLock { $0.bytesRead[name, default: 0] += bytesRead } }

    /// Notes that the filter graph took a frame of the upload.
    func noteUploadFrame() { state.withLock { $0.uploadFrames += 1 } }

    /// Notes how old the process was when the upload's first frame was decoded, in seconds; the first to say so is believed.
    func noteFirstFrame(at age: Double) { state.withLock { $0.firstFrame = $0.firstFrame ?? age } }

    /// How many frames of the upload the filter graph took.
    var uploadFrames: Int { state.withLock(\.uploadFrames) }

    /// Notes the links of the configured graph.
    func note(links: [FilterGraphInstance.Link]) { state.withLock { $0.links = links } }

    /// What a sample showed, and the links that were negotiated.
    var sampled: (sample: Sample?, links: [FilterGraphInstance.Link]) { state.withLock { ($0.sample, $0.links) } }

    /// Says how far the encoder is.
    func advance(frames: Int) {
        let elapsed = meter.elapsed
        let speed = elapsed > 0 ? Double(frames) / plan.output.frameRate.value / elapsed : 0
        let fraction = whole.frames.map { min(1, Double(frames) / Double(max(1, $0))) }
        progress?(
            RunProgress(
                frames: frames, totalFrames: whole.frames, fraction: fraction, speed: speed, elapsed: elapsed,
                remaining: fraction.flatMap { $0 > 0 ? elapsed * (1 - $0) / $0 : nil }))
    }
}
