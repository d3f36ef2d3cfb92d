import GraphDSL

/// A graph cut down to one moment of its picture: what of each source is shown then, and a graph that makes that one
/// picture of it.
///
/// The way is walked from the picture's sink upward. A concatenation is left for the piece that is shown then, with its
/// time; a filter that sets times is undone; every other filter shows its inputs at the same time.
struct Moment {
    /// The graph, with one sink. Frames are fed into it at the times of ``times``.
    private(set) var graph = FilterGraph()
    /// Of each source of ``graph``, by the index of its node, the time of the frame that is shown.
    private(set) var times: [Int: Seconds] = [:]
    /// How many times faster than its sources the output runs at the most; 1 at least.
    private(set) var speed = 1.0

    private let whole: FilterGraph
    private let formats: [[LinkFormat]]
    /// Of each link that was moved, at the time that it was moved for, where it begins now.
    private var moved: [Key: FilterGraph.Endpoint] = [:]

    private struct Key: Hashable {
        let endpoint: FilterGraph.Endpoint
        let time: Seconds
    }

    /// The graph at a moment of its output.
    ///
    /// - Parameters:
    ///   - whole: a graph with its formulas computed.
    ///   - formats: what is known of every output pad of every node.
    ///   - filters: what follows the picture before it leaves.
    /// - Throws: ``RunError/unsuitable(_:)`` where it cannot be told which piece of a concatenation is shown then.
    init(
        of whole: FilterGraph, formats: [[LinkFormat]], at time: Seconds, then filters: [Filter]
    ) throws(RunError) {
        self.whole = whole
        self.formats = formats
        guard let sink = whole.nodes.first(where: { $0.operation == .sink(.video) }), let end = sink.inputs.first else {
            throw .fault("the graph has no picture")
        }
        var picture = try move(end, at: time)
        for filter in filters { picture = graph.add(.init(.filter(filter), inputs: [picture])) }
        graph.add(.init(.sink(.video), inputs: [picture]))
    }

    private mutating func move(
        _ endpoint: FilterGraph.Endpoint, at time: Seconds
    ) throws(RunError) -> FilterGraph.Endpoint {
        let key = Key(endpoint: endpoint, time: time)
        if let known = moved[key] { return known }
        let result = try place(endpoint, time)
        moved[key] = result
        return result
    }

    private mutating func place(
        _ endpoint: FilterGraph.Endpoint, _ time: Seconds
    ) throws(RunError) -> FilterGraph.Endpoint {
        var node = whole.nodes[endpoint.node]
        guard case .filter(var filter) = node.operation else {
            let source = graph.add(node)
            // A still picture is there from the beginning, whatever is laid over with it.
            if case .source(let content) = node.operation {
                times[source.node] = content.content == .image ? .zero : time
            }
            return source
        }
        if filter.name == "concat" { return try piece(of: node, filter, time) }
        var before = time
        switch filter.name {
        case "fps":
            // From here on, not from time 0 on.
            filter.options["start_time"] = nil
            if case .rational(let rate) = filter.options["fps"] { before = Self.latest(shownAt: time, rate) }
        case "setpts":
            let start = start(of: node.inputs[0])
            if case .expression(let formula) = filter.options["expr"], formula.text == "PTS-STARTPTS" {
                before = time + start
                filter.options["expr"] = .expression(Expression("PTS-\(start.description)/TB"))
            } else if let old = length(node.inputs[0]), let new = length(endpoint), new > .zero {
                before = Seconds(time.value * old.value / new.value)
                speed = max(speed, old.value / new.value)
            }
        default: break
        }
        var inputs: [FilterGraph.Endpoint] = []
        for input in node.inputs { inputs.append(try move(input, at: before)) }
        node.inputs = inputs
        node.operation = .filter(filter)
        return FilterGraph.Endpoint(node: graph.add(node).node, pad: endpoint.pad)
    }

    /// The piece of a concatenation that is shown at a moment, at the concatenation's time.
    private mutating func piece(
        of node: FilterGraph.Node, _ concat: Filter, _ time: Seconds
    ) throws(RunError) -> FilterGraph.Endpoint {
        let streams = concat.outputs.count
        var begin = Seconds.zero
        for index in stride(from: 0, to: node.inputs.count, by: streams) {
            let isLast = index + streams >= node.inputs.count
            guard let length = length(node.inputs[index]) else {
                guard isLast else { throw .unsuitable("it is not known how long a piece lasts that others follow") }
                break
            }
            if time < begin + length || isLast {
                // The last frame stays.
                let inside = max(.zero, min(time - begin, length - Seconds(0.001)))
                let picture = try move(node.inputs[index], at: inside)
                guard begin > .zero else { return picture }
                return graph.add(
                    .init(.filter(.setPTS(Expression("PTS+\(begin.description)/TB"))), inputs: [picture]))
            }
            begin = begin + length
        }
        return try move(node.inputs[node.inputs.count - streams], at: time - begin)
    }

    private func length(_ endpoint: FilterGraph.Endpoint) -> Seconds? {
        formats[endpoint.node][endpoint.pad].duration.exact
    }

    /// The latest time that a constant rate shows at a moment: `fps` moves each frame to the nearest of its own times, and
    /// of several takes the last.
    private static func latest(shownAt time: Seconds, _ rate: Rational) -> Seconds {
        let frame = (time.value * rate.value + 1e-4).rounded(.down)
        return Seconds(microseconds: Int64(((frame + 0.5) / rate.value * 1e6 - 1e-3).rounded(.down)))
    }

    /// The time of a link's first frame: a trim keeps times as they are.
    private func start(of endpoint: FilterGraph.Endpoint) -> Seconds {
        let node = whole.nodes[endpoint.node]
        guard case .filter(let filter) = node.operation, let input = node.inputs.first else { return .zero }
        switch filter.name {
        case "concat", "setpts": return .zero
        case "trim":
            if case .duration(let time) = filter.options["start"] { return max(time, start(of: input)) }
            return start(of: input)
        default: return start(of: input)
        }
    }
}
