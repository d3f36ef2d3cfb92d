import GraphDSL

/// How much smaller the upload's picture may be made at once without anything being lost, because the pipeline makes it as
/// small soon after.
///
/// Tone mapping takes a second of processor time for a few 4K frames: done at the size that is shown, it is done in a
/// fraction of that.
struct Reduction {
    private let graph: FilterGraph

    init(_ graph: FilterGraph) { self.graph = graph }

    /// The whole number by which both sides of a source's picture may be divided; 1 where anything between the source and
    /// the first `scale` counts pixels.
    func divisor(from source: Int, size: PictureSize) -> Int {
        var endpoint = FilterGraph.Endpoint(node: source)
        var size = size
        while let filter = onlyReader(of: endpoint) {
            switch filter.filter.name {
            case "trim", "setpts", "settb", "fps", "null": break
            case "crop":
                guard let cropped = Self.cropped(size, by: filter.filter) else { return 1 }
                size = cropped
            case "scale":
                guard let scaled = Self.output(of: filter.filter, size) else { return 1 }
                return max(1, min(size.width / scaled.width, size.height / scaled.height))
            default: return 1
            }
            endpoint = FilterGraph.Endpoint(node: filter.node)
        }
        return 1
    }

    /// The filter that alone reads a link, by its frames or by its facts.
    private func onlyReader(of endpoint: FilterGraph.Endpoint) -> (node: Int, filter: Filter)? {
        let readers = graph.nodes.indices.filter {
            graph.nodes[$0].inputs.contains(endpoint) || graph.nodes[$0].reference == endpoint
        }
        guard readers.count == 1, case .filter(let filter) = graph.nodes[readers[0]].operation else { return nil }
        return (readers[0], filter)
    }

    /// What a crop leaves, where it leaves the same part of a picture half as large.
    private static func cropped(_ size: PictureSize, by crop: Filter) -> PictureSize? {
        for place in ["x", "y"] {
            // Of the picture's own sides and the crop's, which libavfilter knows.
            guard case .expression = crop.options[place] else { return nil }
        }
        let half = PictureSize(width: size.width / 2, height: size.height / 2)
        guard let whole = output(of: crop, size), let part = output(of: crop, half),
            abs(whole.width - 2 * part.width) <= 4, abs(whole.height - 2 * part.height) <= 4
        else { return nil }
        return whole
    }

    private static func output(of filter: Filter, _ size: PictureSize) -> PictureSize? {
        let input = LinkFormat.video(
            VideoFormat(
                size: .known(size), sampleAspect: .known(1), frameRate: .unknown, pixelFormat: .unknown,
                duration: .unknown))
        return FormatInference.outputs(of: filter, inputs: [input]).first?.video?.size.value
    }
}
