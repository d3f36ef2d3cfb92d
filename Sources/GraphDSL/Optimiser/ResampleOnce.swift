/// Fuses the crops, resizings and conversions of a source into one resampling by zimg (`zscale`): every one blurs.
///
/// The order is: crop in source pixels, one `zscale`, then turns, which cost least there. HDR is resized in the conversion to linear
/// light, or in the one back if the picture grows: tone mapping is done at the smaller size.
public struct ResampleOnce: OptimiserPass {
    public let summary = "a picture is cropped, resized and converted in one resampling"
    public let filters: Set<String> = ["zscale"]

    /// The pass.
    public init() {}

    public func rewrite(_ graph: FilterGraph, formats: [[LinkFormat]]) -> FilterRewrite {
        var replacements: [Int: [FilterGraph.Node]] = [:]
        var changes: [String] = []
        for (index, source) in graph.sources where source.content == .video {
            guard let run = PictureRun(after: index, in: graph, formats: formats), let fused = run.fused else {
                continue
            }
            for node in run.steps { replacements[node] = [] }
            replacements[run.steps[0]] = fused
            changes.append(run.summary)
        }
        let result = graph.rewriting { index, node, result in
            guard let nodes = replacements[index] else { return result.addAll(node) }
            return nodes.reduce(node.inputs) { inputs, node in
                var node = node
                node.inputs = inputs
                return result.addAll(node)
            }
        }
        return FilterRewrite(result, changes: changes)
    }
}
