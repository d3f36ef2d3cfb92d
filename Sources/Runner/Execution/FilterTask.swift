import Dispatch
import GraphDSL
import LibAV
import Synchronization

/// Runs the filter graph: takes the frames that it asks for, and passes on what comes out of it.
final class FilterTask: Sendable {
    private let feeds: [DecodeFeed]
    private let copy: CopyFeed?
    private let job: RunJob

    /// - Parameter copy: the packets that go past the graph to the output.
    init(feeds: [DecodeFeed], copy: CopyFeed?, job: RunJob) {
        self.feeds = feeds
        self.copy = copy
        self.job = job
    }

    /// Starts the thread; it starts those that take its frames once the graph is configured.
    func start(in group: DispatchGroup) {
        job.spawn("filter", in: group) { [self] () throws(RunError) in
            defer { for feed in feeds { feed.close() } }
            guard !job.plan.sinks.isEmpty else {
                let output = try job.sink(nil, copy)
                output.start(in: group)
                output.finish()
                return
            }
            // A graph is set up for the frames that really come, so the first of each stream is needed.
            var first: [DecodedFrame] = []
            var adapters: [FrameAdapter] = []
            for feed in feeds {
                let (frame, adapter) = try firstFrame(of: feed)
                first.append(frame)
                adapters.append(adapter)
            }
            let graph = try configure(first)
            job.note(links: graph.links)
            // The larger part of the work goes first, the smaller in its pauses. Where that is decoding, the encoder's threads step
            // back too: they are started here. A decoder's never do.
            if isMostlyDecoding(graph) { WorkThread.stepBack() }
            let output = try job.sink(graph, copy)
            output.start(in: group)
            WorkThread.stepBack()
            try run(graph, first, adapters, output)
            output.finish()
        }
    }

    private func isMostlyDecoding(_ graph: FilterGraphInstance) -> Bool {
        guard job.plan.sinks.first?.kind == .video else { return false }
        let (width, height) = graph.size(ofOutput: 0)
        return job.plan.isMostlyDecoding(for: PictureSize(width: width, height: height))
    }

    /// The first frame of a stream, and what adapts the others.
    private func firstFrame(of feed: DecodeFeed) throws(RunError) -> (DecodedFrame, FrameAdapter) {
        while let decoded = feed.frames.pop() {
            let adapter = FrameAdapter(to: feed.stream, first: decoded.frame)
            do throws(AVError) {
                if let frame = try adapter.adapt(decoded) { return (frame, adapter) }
            } catch {
                throw Self.changing(feed, error)
            }
        }
        if job.cancellation.isCancelled { throw .cancelled }
        throw .unsuitable(
            "the \(feed.stream.kind.rawValue) (\(feed.stream.codec)) has nothing that can be decoded; try another file")
    }

    private static func changing(_ feed: DecodeFeed, _ error: AVError) -> RunError {
        .unsuitable(
            "the \(feed.stream.kind.rawValue) changes its format within the file (\(error.reason)); try a file of one format"
        )
    }

    private func configure(_ first: [DecodedFrame]) throws(RunError) -> FilterGraphInstance {
        let inputs = zip(feeds, first).map { feed, decoded in
            FilterGraphInstance.Input(
                label: feed.stream.label, first: decoded.frame, timeBase: decoded.timeBase,
                frameRate: decoded.frameRate, sampleAspect: Fraction(feed.stream.sampleAspect))
        }
        let outputs = job.plan.sinks.map { FilterGraphInstance.Output(label: $0.label, isVideo: $0.kind == .video) }
        do throws(AVError) {
            return try job.measure("filter") { () throws(AVError) in
                try FilterGraphInstance(text: job.plan.filterGraph, inputs: inputs, outputs: outputs)
            }
        } catch {
            if error.isOutOfMemory { throw .tooMuchMemory(limit: job.limits.memory) }
            throw .fault("libavfilter refuses the graph of \(job.plan.pipeline): \(error.reason)")
        }
    }

    private func run(
        _ graph: FilterGraphInstance, _ first: [DecodedFrame], _ adapters: [FrameAdapter], _ output: any FrameSink
    ) throws(RunError) {
        var ends = first.map(\.end)
        var lastTimes = first.map { $0.frame.pts ?? 0 }
        var waiting: [DecodedFrame?] = first
        while !job.cancellation.isCancelled, !output.hasEnough {
            switch try filtering({ () throws(AVError) in try graph.next() }) {
            case .ended:
                return
            case .frame(let frame, let index):
                guard output.push(frame, to: index) else { return }
            case .wants(let input):
                var next = waiting[input]
                waiting[input] = nil
                if next == nil, let decoded = feeds[input].frames.pop() {
                    do throws(AVError) { next = try adapters[input].adapt(decoded) } catch {
                        throw Self.changing(feeds[input], error)
                    }
                    // Held back: the next frame brings it along.
                    if next == nil { continue }
                }
                guard let next else {
                    let end = end(of: feeds[input], after: first[input], last: lastTimes[input], saying: ends[input])
                    try filtering { () throws(AVError) in try graph.close(input, at: end) }
                    continue
                }
                ends[input] = next.end
                lastTimes[input] = next.frame.pts ?? lastTimes[input]
                let isOpen = try filtering { () throws(AVError) in try graph.push(next.frame, to: input) }
                if feeds[input].isUpload { job.noteUploadFrame() }
                if !isOpen { feeds[input].close() }
            }
        }
    }

    /// When a stream ends, in units of its time base: as its last frame says, or earlier where the plan knows better; a picture is
    /// shown for a frame of the output at least.
    private func end(of feed: DecodeFeed, after first: DecodedFrame, last: Int64, saying end: Int64) -> Int64 {
        guard feed.stream.kind == .video else { return end }
        let timeBase = first.timeBase
        var end = end
        if let planned = feed.stream.end.map({ Fraction.microseconds.rescale($0.microseconds, to: timeBase) }),
            planned > last
        {
            end = min(end, planned)
        }
        let frame = Fraction(job.plan.output.frameRate.inverse).rescale(1, to: timeBase)
        return max(end, (first.frame.pts ?? 0) &+ max(1, frame))
    }

    private func filtering<Result>(_ work: () throws(AVError) -> Result) throws(RunError) -> Result {
        do throws(AVError) { return try job.measure("filter", work) } catch {
            throw error.isOutOfMemory
                ? .tooMuchMemory(limit: job.limits.memory) : .fault("a filter failed: \(error.reason)")
        }
    }
}
