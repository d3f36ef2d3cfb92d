/// Leaves out conversions to the pixel format that is there already.
public struct RemoveRedundantFormats: OptimiserPass {
    public let summary = "conversions to what is there already are left out"

    /// The pass.
    public init() {}

    public func rewrite(_ graph: FilterGraph, formats: [[LinkFormat]]) -> FilterRewrite {
        graph.leavingOut { _, node, filter in
            guard filter.name == "format", filter.options.count == 1,
                let format = formats[node.inputs[0].node][node.inputs[0].pad].video?.pixelFormat.value,
                filter.options["pix_fmts"] == .text(format)
            else { return nil }
            return "\(node.name(filter)) is left out: the picture is \(format) already"
        }
    }
}
