/// Has the clip read from a little before the first moment that its trims leave.
///
/// What is shown stays as it is, to the frame: the picture's constant rate keeps its times, and begins later.
public struct SeekToTrims: OptimiserPass {
    public let summary = "what trims cut off at the beginning is neither read nor decoded"

    /// The pass.
    public init() {}

    public func rewrite(_ graph: FilterGraph, formats: [[LinkFormat]]) -> FilterRewrite {
        var changes: [String] = []
        var beginnings: [Int: Seconds] = [:]
        var rates: [Int: Seconds] = [:]
        for (index, source) in graph.sources where source.asset == nil {
            guard let trim = graph.firstTrim(after: index), trim.start > Self.least else { continue }
            if source.content == .video {
                guard let rate = trim.rate, let step = rate.interval else { continue }
                // A frame earlier: what is shown first may begin before the trim's moment.
                let count = ((trim.start.value / step).rounded(.down) - 1)
                let begin = Seconds(count * step)
                rates[rate.node] = begin
                beginnings[index] = begin
            } else {
                // Decoders of sound need a little to warm up, resamplers too.
                beginnings[index] = trim.start - Self.warmth
            }
        }
        let result = graph.rewriting { index, node, graph in
            var node = node
            switch node.operation {
            case .source(var source):
                guard let begin = beginnings[index] else { break }
                source.from = begin
                node.operation = .source(source)
                changes.append("the clip's \(source.kind.rawValue) is read from \(begin) s on: nothing before is shown")
            case .filter(var filter):
                guard let begin = rates[index] else { break }
                filter.options["start_time"] = .duration(begin)
                node.operation = .filter(filter)
            case .sink: break
            }
            return graph.addAll(node)
        }
        return FilterRewrite(result, changes: changes)
    }

    /// What is not worth a search.
    private static let least = Seconds(1)
    private static let warmth = Seconds(0.5)
}

extension FilterGraph {
    /// A trim that cuts off a source's beginning.
    fileprivate struct FirstTrim {
        let start: Seconds
        let rate: Rate?
    }

    /// The filter between a source and its trim that makes its rate constant.
    fileprivate struct Rate {
        let node: Int
        /// How long a frame lasts, in seconds; nil where it does not begin at time 0.
        let interval: Double?
    }

    /// The trim that all of a source goes through, with nothing before it that looks at more than one frame or changes times.
    fileprivate func firstTrim(after source: Int) -> FirstTrim? {
        var endpoint = Endpoint(node: source)
        var rate: Rate?
        while true {
            let readers = nodes.indices.filter {
                nodes[$0].inputs.contains(endpoint) || nodes[$0].reference == endpoint
            }
            guard readers.count == 1, case .filter(let filter) = nodes[readers[0]].operation else { return nil }
            switch filter.name {
            case "trim", "atrim":
                if case .duration(let start) = filter.options["start"] { return FirstTrim(start: start, rate: rate) }
            case "fps":
                guard rate == nil, case .rational(let value) = filter.options["fps"],
                    filter.options["start_time"] == 0
                else { return nil }
                rate = Rate(node: readers[0], interval: value.inverse.value)
            default:
                guard Self.framewise.contains(filter.name) else { return nil }
            }
            endpoint = Endpoint(node: readers[0])
        }
    }

    /// Filters that make of each frame one, at its time, whatever came before.
    private static let framewise: Set<String> = [
        "aformat", "apad", "aresample", "crop", "format", "hflip", "null", "pad", "premultiply", "scale", "setparams",
        "setsar", "tonemap", "transpose", "vflip", "zscale",
    ]
}
