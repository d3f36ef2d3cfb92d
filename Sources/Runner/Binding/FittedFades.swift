import GraphDSL

/// Shortens fades at the ends of a link to half of its duration together, so that a short clip is seen at its full brightness.
///
/// A pure function of a graph whose formulas are computed. Fades in the middle of a link stay as they are.
struct FittedFades {
    /// The graph.
    private(set) var graph: FilterGraph
    /// Remarks, one per link, without full stop.
    private(set) var remarks: [String] = []

    /// The largest share of a link that its fades take.
    private static let share = 0.5

    /// - Parameters:
    ///   - graph: a graph whose formulas are computed.
    ///   - formats: what is known of every output pad of every node.
    init(_ graph: FilterGraph, formats: [[LinkFormat]]) {
        self.graph = graph
        let fades = graph.nodes.indices.compactMap { EdgeFade(graph, formats, node: $0) }
        var factors: [Int: Double] = [:]
        var stages: [String] = []
        for group in Dictionary(grouping: fades, by: \.link).values.sorted(by: { $0[0].node < $1[0].node }) {
            let longest = [true, false].map { isRise in
                group.filter { $0.isRise == isRise }.map(\.duration).max() ?? 0
            }
            let (sum, room) = (longest.reduce(0, +), group[0].length * Self.share)
            guard sum > room else { continue }
            for fade in group { factors[fade.node] = room / sum }
            let stage = group.compactMap { graph.nodes[$0.node].stage }.first ?? "a fade"
            if !stages.contains(stage) {
                stages.append(stage)
                remarks.append("\(stage) is shortened: its fades take half of the clip's \(group[0].length.text) s")
            }
        }
        guard !factors.isEmpty else { return }
        let byNode = Dictionary(uniqueKeysWithValues: fades.map { ($0.node, $0) })
        self.graph = graph.rewriting { index, node, result in
            guard let fade = byNode[index], let factor = factors[index] else { return result.addAll(node) }
            guard let filter = fade.filter(scaledBy: factor) else { return node.inputs }
            var node = node
            node.operation = .filter(filter)
            return result.addAll(node)
        }
    }
}

/// A fade at the beginning or the end of a link of a known length.
private struct EdgeFade {
    let node: Int
    let filter: Filter
    let isRise: Bool
    /// In seconds.
    let duration: Double
    /// How long the link lasts, in seconds.
    let length: Double
    /// How long a frame of the link lasts, in seconds; 0 for sound.
    let step: Double
    /// Where the run of filters begins that fades share.
    let link: FilterGraph.Endpoint

    init?(_ graph: FilterGraph, _ formats: [[LinkFormat]], node: Int) {
        guard case .filter(let filter) = graph.nodes[node].operation, ["fade", "afade"].contains(filter.name),
            let input = graph.nodes[node].inputs.first,
            let length = formats[input.node][input.pad].duration.exact?.value, length > 0,
            let duration = filter.seconds("d"), duration > 0, let start = filter.seconds("st")
        else { return nil }
        isRise = filter.options["t"] == "in"
        // The start of a fall that is longer than the link was held at 0.
        guard isRise ? start == 0 : start < length && start + duration >= length - 1e-6 else { return nil }
        self.node = node
        self.filter = filter
        self.duration = duration
        self.length = length
        step = formats[input.node][input.pad].video?.frameRate.value?.inverse.value ?? 0
        var link = input
        while case .filter(let before) = graph.nodes[link.node].operation, before.outputs.count == 1,
            let first = graph.nodes[link.node].inputs.first,
            formats[first.node][first.pad].duration.exact?.value == length
        { link = first }
        self.link = link
    }

    /// Returns the shortened fade; nil if shorter than a frame, when it would show black alone.
    func filter(scaledBy factor: Double) -> Filter? {
        let duration = duration * factor
        guard duration >= step - 1e-6 else { return nil }
        var filter = filter
        filter.options["d"] = .duration(Seconds(duration))
        filter.options["st"] = .duration(Seconds(isRise ? 0 : length - duration))
        return filter
    }
}

extension Filter {
    fileprivate func seconds(_ option: String) -> Double? {
        switch options[option] {
        case .duration(let time): time.value
        case .number(let number): number
        case .integer(let number): Double(number)
        default: nil
        }
    }
}

extension Double {
    /// To a hundredth.
    fileprivate var text: String { Seconds((self * 100).rounded() / 100).description }
}
