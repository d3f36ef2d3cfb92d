import Dispatch
import GraphDSL
import LibAV
import Synchronization

/// Runs the filter graph: takes the frames that it asks for, and passes on what comes out of it.
final class FilterTask: Sendable {
    private let feeds: [DecodeFeed]
    private let job: RunJob

    init(feeds: [DecodeFeed], job: RunJob) {
        self.feeds = feeds
        self.job = job
    }

    /// Starts the thread; it starts those that take its frames once the graph is configured.
    func start(in group: DispatchGroup) {
        job.spawn("filter", in: group) { [self] () throws(RunError) in
            defer { for feed in feeds { feed.close() } }
            // A graph is set up for the frames that really come, so the first of each stream is needed.
            var first: [DecodedFrame] = []
            for feed in feeds {
                guard let frame = feed.frames.pop() else {
                    if job.cancellation.isCancelled { return }
                    throw .unsuitable(
                        "the \(feed.stream.kind.rawValue) (\(feed.stream.codec)) has nothing that can be decoded")
                }
                first.append(frame)
            }
            let graph = try configure(first)
            let output = try job.sink(graph)
            output.start(in: group)
            try run(graph, first, output)
            output.finish()
        }
    }

    private func configure(_ first: [DecodedFrame]) throws(RunError) -> FilterGraphInstance {
        let inputs = zip(feeds, first).map { feed, decoded in
            FilterGraphInstance.Input(
                label: feed.stream.label, first: decoded.frame, timeBase: decoded.timeBase,
                frameRate: decoded.frameRate, sampleAspect: Fraction(feed.stream.sampleAspect))
        }
        let outputs = job.plan.sinks.map { FilterGraphInstance.Output(label: $0.label, isVideo: $0.kind == .video) }
        do throws(AVError) {
            return try job.meter.measure("filter") { () throws(AVError) in
                try FilterGraphInstance(text: job.plan.filterGraph, inputs: inputs, outputs: outputs)
            }
        } catch {
            throw .fault("libavfilter refuses the graph of \(job.plan.pipeline): \(error.reason)")
        }
    }

    private func run(
        _ graph: FilterGraphInstance, _ first: [DecodedFrame], _ output: any FrameSink
    ) throws(RunError) {
        // A frame belongs to the graph once it is pushed, so what the first ones looked like is noted before.
        let shapes = first.map(\.frame.shape)
        var ends = first.map(\.end)
        var waiting: [DecodedFrame?] = first
        do throws(AVError) {
            while !job.cancellation.isCancelled {
                switch try job.meter.measure("filter", { () throws(AVError) in try graph.next() }) {
                case .ended:
                    return
                case .frame(let frame, let index):
                    guard output.push(frame, to: index) else { return }
                case .wants(let input):
                    let decoded = waiting[input] ?? feeds[input].frames.pop()
                    waiting[input] = nil
                    guard let decoded else {
                        try graph.close(input, at: ends[input])
                        continue
                    }
                    guard decoded.frame.shape == shapes[input] else { throw AVError.changedShape }
                    ends[input] = decoded.end
                    let isOpen = try job.meter.measure("filter") { () throws(AVError) in
                        try graph.push(decoded.frame, to: input)
                    }
                    if !isOpen { feeds[input].close() }
                }
            }
        } catch {
            throw error == .changedShape
                ? .unsuitable("the picture's size or format changes within the file; try a file of one size")
                : .fault("a filter failed: \(error.reason)")
        }
    }
}

extension AVError {
    fileprivate static let changedShape = AVError(-1, "filter a frame of another shape")
}
