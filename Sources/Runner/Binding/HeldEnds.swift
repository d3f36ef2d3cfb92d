import GraphDSL

/// Holds the last frame in front of an `fps` behind `trim` or `overlay`, and cuts at the link's known length.
///
/// Before FFmpeg 7, these report the last frame's start as the link's end, and `fps` drops that frame.
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
            // `FilterTask` tells a source its end.
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
