import GraphDSL

/// A graph whose last frames last as long as they should.
///
/// libavfilter tells a filter when a link ends, but `overlay` and `trim` tell the time of their last frame instead (FFmpeg
/// before 7): an `fps` behind them would drop it. Where the length of its link is known, the last frame is held and the end
/// cut at that length.
///
/// A pure function of a graph whose formulas are computed.
struct HeldEnds {
    /// The graph.
    let graph: FilterGraph

    /// - Parameters:
    ///   - graph: a graph whose formulas are computed.
    ///   - formats: what is known of every output pad of every node.
    init(_ graph: FilterGraph, formats: [[LinkFormat]]) {
        self.graph = graph.rewriting { index, node, result in
            // A source is told its end by who reads it.
            guard case .filter(let filter) = node.operation, filter.name == "fps", node.stage != nil,
                let input = graph.nodes[index].inputs.first, formats[input.node][input.pad].duration.exact != nil,
                let length = formats[index].first?.duration.exact, length > .zero
            else { return result.addAll(node) }
            var held = node
            held.inputs = [
                result.add(.init(.filter(.holdingLastFrame), inputs: node.inputs, stage: node.stage))
            ]
            let end = result.add(held)
            return [result.add(.init(.filter(.trim(to: length)), inputs: [end], stage: node.stage))]
        }
    }
}
