/// Leaves out filters that change nothing for this clip.
public struct RemoveNoOps: OptimiserPass {
    public let summary = "filters that change nothing for this clip are left out"

    /// The pass.
    public init() {}

    public func rewrite(_ graph: FilterGraph, formats: [[LinkFormat]]) -> FilterRewrite {
        graph.leavingOut { _, node, filter in
            let input = formats[node.inputs[0].node][node.inputs[0].pad]
            return Self.reason(filter, input).map { "\(node.name(filter)) is left out: \($0)" }
        }
    }

    private static func reason(_ filter: Filter, _ input: LinkFormat) -> String? {
        switch filter.name {
        case "null", "anull", "copy", "acopy": return "it passes everything on"
        case "crop", "pad": return keepsSize(filter, input).map { "the picture is \($0) already" }
        case "scale":
            return filter.onlyResizes ? keepsSize(filter, input).map { "the picture is \($0) already" } : nil
        case "setsar":
            guard let aspect = input.video?.sampleAspect.value, filter.options["sar"] == .rational(aspect) else {
                return nil
            }
            return "pixels have the shape \(aspect) already"
        case "trim", "atrim":
            guard let duration = input.duration.exact, filter.options["start"] == nil,
                case .duration(let end) = filter.options["end"], end > duration + slack
            else { return nil }
            return "the clip ends at \(duration) s, before \(end) s"
        default: return nil
        }
    }

    /// A container's word on its length is not taken to the frame.
    private static let slack = Seconds(1)

    private static func keepsSize(_ filter: Filter, _ input: LinkFormat) -> PictureSize? {
        guard let size = input.video?.size.value,
            FormatInference.outputs(of: filter, inputs: [input]).first?.video?.size.value == size
        else { return nil }
        return size
    }
}
