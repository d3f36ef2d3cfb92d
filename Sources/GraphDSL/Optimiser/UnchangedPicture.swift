/// What a graph shows where no stage touches a pixel: a run of the clip's own frames, which need not be decoded.
public struct UnchangedPicture: Hashable, Sendable {
    /// The first frame that is shown, counted from 0 at the output's rate.
    public let first: Int
    /// The first frame that is not shown any more; nil where all are.
    public let end: Int?
    /// The graph with the clip's picture going straight to the sink, and the sound as it was.
    public let graph: FilterGraph

    /// Looks for one.
    ///
    /// - Parameters:
    ///   - graph: a graph whose formulas are computed.
    ///   - frameRate: the output's.
    ///   - pixelFormat: the clip's, by libavutil's name.
    /// - Returns: nil where anything between the clip and the picture's sink changes pixels, or times other than by cutting.
    public init?(in graph: FilterGraph, frameRate: Rational, pixelFormat: String) {
        guard let way = graph.picturesWay else { return nil }
        var cut = Cut(frameRate)
        for (_, filter) in way.filters {
            switch filter.name {
            case "null", "copy": break
            // At its own rate, which the caller knows, the clip's frames stay what they are.
            case "fps" where filter.options["fps"] == .rational(frameRate): break
            case "format" where filter.options["pix_fmts"] == .text(pixelFormat): break
            case "trim": guard cut.trim(filter) else { return nil }
            case "setpts": guard cut.reset(filter) else { return nil }
            default: return nil
            }
        }
        guard cut.isAtZero else { return nil }
        (first, end) = (cut.first, cut.end)
        let passed = Set(way.filters.map(\.node))
        self.graph = graph.rewriting { [first] index, node, graph in
            guard !passed.contains(index) else { return node.inputs }
            guard index == way.source, case .source(var source) = node.operation else { return graph.addAll(node) }
            source.from = first > 0 ? Seconds(Double(first) / frameRate.value) : nil
            return graph.addAll(FilterGraph.Node(.source(source)))
        }
    }

    /// What cuts leave of a clip, in frames.
    private struct Cut {
        let rate: Rational
        var first = 0
        var end: Int?
        /// The frame whose time is 0.
        var zero = 0

        init(_ rate: Rational) { self.rate = rate }

        var isAtZero: Bool { zero == first }

        /// Cuts as the filter `trim` does: a frame stays whose time is not before `start` and before `end`.
        mutating func trim(_ filter: Filter) -> Bool {
            guard filter.options.keys.allSatisfy({ ["start", "end"].contains($0) }) else { return false }
            if case .duration(let start) = filter.options["start"] { first = max(first, zero + number(from: start)) }
            if case .duration(let stop) = filter.options["end"] {
                end = min(end ?? .max, zero + number(from: stop))
            }
            return end.map { $0 > first } ?? true
        }

        /// Has time begin with the first frame that is left.
        mutating func reset(_ filter: Filter) -> Bool {
            guard filter.options == Filter.setPTS("PTS-STARTPTS").options else { return false }
            zero = first
            return true
        }

        /// The first frame whose time is not before a moment, but for the rounding of times to microseconds.
        private func number(from time: Seconds) -> Int {
            Int((time.value * rate.value - rate.value * 1e-6).rounded(.up))
        }
    }
}

extension FilterGraph {
    /// The filters between the clip's picture and the picture's sink, where there is one way and nothing joins or leaves it.
    fileprivate var picturesWay: (source: Int, filters: [(node: Int, filter: Filter)])? {
        guard let sink = nodes.first(where: { $0.operation == .sink(.video) }), var end = sink.inputs.first else {
            return nil
        }
        var filters: [(node: Int, filter: Filter)] = []
        while true {
            let node = nodes[end.node]
            guard nodes.count(where: { $0.inputs.contains(end) }) == 1 else { return nil }
            switch node.operation {
            case .source(let source):
                return source.asset == nil && source.content == .video ? (end.node, filters.reversed()) : nil
            case .filter(let filter):
                guard node.inputs.count == 1, filter.outputs == [.video] else { return nil }
                filters.append((end.node, filter))
                end = node.inputs[0]
            case .sink: return nil
            }
        }
    }
}
