/// Resizes once where a clip is resized twice, and cuts before it resizes rather than after: fewer pixels are computed.
///
/// A crop behind a scale becomes a crop before it where the same part has whole, even sides and corners there; then two
/// scales may stand behind each other, and become one.
public struct FuseCropAndScale: OptimiserPass {
    public let summary = "a picture is cut before it is resized, and resized once"

    /// The pass.
    public init() {}

    public func rewrite(_ graph: FilterGraph, formats: [[LinkFormat]]) -> FilterRewrite {
        var result = FilterRewrite(graph, changes: [])
        let sources = Dictionary(
            graph.sources.map { ($0.source, formats[$0.index][0]) }, uniquingKeysWith: { first, _ in first })
        var formats = formats
        // Each step makes a way of scales and crops shorter or moves a crop forward: it comes to an end.
        while let step = Self.step(result.graph, formats) {
            result = FilterRewrite(step.graph, changes: result.changes + step.changes)
            formats = FormatInference.formats(of: step.graph) { sources[$0] ?? .unknown($0.kind) }
        }
        return result
    }

    /// A filter with what it reads and makes.
    private struct Stop {
        let index: Int
        let filter: Filter
        let input: PictureSize
        let output: PictureSize
    }

    private static func step(_ graph: FilterGraph, _ formats: [[LinkFormat]]) -> FilterRewrite? {
        for index in graph.nodes.indices {
            guard let second = stop(index, graph, formats), ["scale", "crop"].contains(second.filter.name),
                let (first, between) = scale(before: index, graph, formats)
            else { continue }
            let names = [first.index, index].map { graph.nodes[$0].name($0 == index ? second.filter : first.filter) }
            if second.filter.name == "scale", second.filter.onlyResizes, keepsDetail(first, for: second.output) {
                var filter = first.filter
                filter.options["flags"] = second.filter.options["flags"] ?? filter.options["flags"]
                return FilterRewrite(
                    graph.replacing([first.index: nil, index: resizing(filter, to: second.output)]),
                    changes: [
                        "\(names[0]) and \(names[1]) are one: \(first.input) → \(second.output) without \(first.output)"
                    ])
            }
            if second.filter.name == "crop", between.isEmpty, let crop = crop(second, before: first) {
                return FilterRewrite(
                    graph.replacing([first.index: crop, index: resizing(first.filter, to: second.output)]),
                    changes: ["\(names[1]) comes before \(names[0]): what is cut away is not resized"])
            }
        }
        return nil
    }

    /// Whether a scale loses nothing that a size could show: a picture that is made small and large again is meant to be
    /// coarse.
    private static func keepsDetail(_ scale: Stop, for size: PictureSize) -> Bool {
        scale.output.width >= min(scale.input.width, size.width)
            && scale.output.height >= min(scale.input.height, size.height)
    }

    /// A scale to exactly this size.
    private static func resizing(_ scale: Filter, to size: PictureSize) -> Filter {
        var scale = scale
        scale.options["w"] = .integer(size.width)
        scale.options["h"] = .integer(size.height)
        scale.options["force_original_aspect_ratio"] = nil
        scale.options["force_divisible_by"] = nil
        return scale
    }

    /// A filter of a video whose sizes are known.
    private static func stop(_ index: Int, _ graph: FilterGraph, _ formats: [[LinkFormat]]) -> Stop? {
        guard case .filter(let filter) = graph.nodes[index].operation, graph.nodes[index].inputs.count == 1,
            let input = formats[graph.nodes[index].inputs[0].node][graph.nodes[index].inputs[0].pad].video?.size.value,
            let output = formats[index].first?.video?.size.value
        else { return nil }
        return Stop(index: index, filter: filter, input: input, output: output)
    }

    /// The scale that a filter alone reads, directly or through filters that only name the shape of pixels.
    private static func scale(
        before index: Int, _ graph: FilterGraph, _ formats: [[LinkFormat]]
    ) -> (stop: Stop, between: [Int])? {
        var between: [Int] = []
        var reader = index
        while true {
            let endpoint = graph.nodes[reader].inputs[0]
            let readers = graph.nodes.indices.filter {
                graph.nodes[$0].inputs.contains(endpoint) || graph.nodes[$0].reference == endpoint
            }
            guard readers == [reader], let found = stop(endpoint.node, graph, formats) else { return nil }
            switch found.filter.name {
            case "scale": return (found, between)
            case "setsar":
                // Named again behind the second scale, or its shape would be another.
                guard graph.namesAspect(behind: index) else { return nil }
                between.append(endpoint.node)
                reader = endpoint.node
            default: return nil
            }
        }
    }

    /// The crop before a scale that shows what one behind it does.
    private static func crop(_ crop: Stop, before scale: Stop) -> Filter? {
        guard let left = crop.filter.cropCorner("x", from: crop.input, to: crop.output),
            let top = crop.filter.cropCorner("y", from: crop.input, to: crop.output)
        else { return nil }
        func before(_ length: Int, _ whole: Int, _ part: Int) -> OptionValue? {
            let (quotient, rest) = (length * whole).quotientAndRemainder(dividingBy: part)
            return rest == 0 && quotient.isMultiple(of: 2) ? .integer(quotient) : nil
        }
        let (input, output) = (scale.input, scale.output)
        guard let width = before(crop.output.width, input.width, output.width),
            let height = before(crop.output.height, input.height, output.height),
            let x = before(left, input.width, output.width), let y = before(top, input.height, output.height)
        else { return nil }
        return .crop(width: width, height: height, x: x, y: y)
    }
}

extension FilterGraph {
    /// Whether the only reader of a filter says what shape its pixels have.
    fileprivate func namesAspect(behind index: Int) -> Bool {
        let readers = nodes.filter { $0.inputs.contains(Endpoint(node: index)) }
        guard readers.count == 1, case .filter(let filter) = readers[0].operation else { return false }
        return filter.name == "setsar"
    }

    /// The graph with other filters in some places; nil leaves one out.
    fileprivate func replacing(_ filters: [Int: Filter?]) -> FilterGraph {
        rewriting { index, node, graph in
            guard let replacement = filters[index] else { return graph.addAll(node) }
            guard let filter = replacement else { return node.inputs }
            var node = node
            node.operation = .filter(filter)
            return graph.addAll(node)
        }
    }
}
