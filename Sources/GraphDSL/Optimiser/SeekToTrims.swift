/// Has the clip read from a little before the first moment that its trims leave.
///
/// What is shown stays as it is, to the frame: the picture's constant rate keeps its times, and begins later. So does sound, to
/// the sample; where its rate is changed, to a part of one.
public struct SeekToTrims: OptimiserPass {
    public let summary = "what trims cut off at the beginning is neither read nor decoded"

    /// The pass.
    public init() {}

    public func rewrite(_ graph: FilterGraph, formats: [[LinkFormat]]) -> FilterRewrite {
        var changes: [String] = []
        var beginnings: [Int: Seconds] = [:]
        var settings: [Int: (option: String, value: OptionValue)] = [:]
        for (index, source) in graph.sources where source.asset == nil {
            guard let (trim, clock) = graph.firstTrim(after: index), trim > Self.least else { continue }
            // A frame earlier: what is shown first may begin before the trim's moment. Decoders of sound, and resamplers, need
            // a little to warm up.
            let margin = source.content == .video ? clock.step : Self.warmth
            let ticks = ((trim.value - margin) / clock.step).rounded(.down)
            beginnings[index] = Seconds(ticks * clock.step)
            settings[clock.node] = (clock.option, clock.value(at: ticks))
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
                guard let (option, value) = settings[index] else { break }
                filter.options[option] = value
                node.operation = .filter(filter)
            case .sink: break
            }
            return graph.addAll(node)
        }
        return FilterRewrite(result, changes: changes)
    }

    /// What is not worth a search.
    private static let least = Seconds(1)
    private static let warmth = 0.5
}

extension FilterGraph {
    /// The filter behind a source that makes its times regular, from time 0 on.
    fileprivate struct Clock {
        let node: Int
        /// What lies between two times, in seconds: a frame, or a sample.
        let step: Double
        /// The option that says where it begins.
        let option: String

        /// The option's value for a beginning so many steps after time 0: samples are counted, frames have a time.
        func value(at ticks: Double) -> OptionValue {
            option == "first_pts" ? .integer(Int(ticks)) : .duration(Seconds(ticks * step))
        }

        init?(_ filter: Filter, node: Int) {
            self.node = node
            switch (filter.name, filter.options["fps"], filter.options["osr"]) {
            case ("fps", .rational(let rate), _): (step, option) = (rate.inverse.value, "start_time")
            case ("aresample", _, .integer(let rate)) where rate > 0: (step, option) = (1 / Double(rate), "first_pts")
            default: return nil
            }
            guard filter.options[option] == 0 else { return nil }
        }
    }

    /// Where the trim begins that all of a source goes through, with one clock and nothing else before it that looks at more
    /// than one frame or changes times.
    fileprivate func firstTrim(after source: Int) -> (start: Seconds, clock: Clock)? {
        var endpoint = Endpoint(node: source)
        var clock: Clock?
        while true {
            guard let reader = onlyReader(of: endpoint), case .filter(let filter) = nodes[reader].operation,
                !filter.countsFrames
            else { return nil }
            switch filter.name {
            case "trim", "atrim":
                if case .duration(let start) = filter.options["start"] { return clock.map { (start, $0) } }
            case "fps", "aresample":
                guard clock == nil, let found = Clock(filter, node: reader) else { return nil }
                clock = found
            default:
                guard filter.isFramewise else { return nil }
            }
            endpoint = Endpoint(node: reader)
        }
    }
}

extension Filter {
    /// Whether a formula of the filter names the frame's number or its place in the file, which are others where less is read
    /// (FFmpeg documentation, `ffmpeg-filters`: the constants `n` and `pos`).
    fileprivate var countsFrames: Bool {
        options.values.contains { $0.plainText?.contains(/\b(n|pos)\b/) ?? false }
    }
}
