/// The filters behind a source, up to its last resizing, that crop, resize, convert and turn its picture.
struct PictureRun {
    /// The nodes of these filters in order, without those that change times only.
    private(set) var steps: [Int] = []

    private var graph: FilterGraph
    private var input: VideoFormat
    private var geometry: PictureGeometry
    private var conversion: [FilterGraph.Node] = []
    private var turns: [FilterGraph.Node] = []
    private var crop: FilterGraph.Node?
    private var resize: FilterGraph.Node?
    private var resamplings = 0
    /// Whether a crop stands behind a conversion: what it cuts away was computed.
    private var cropsConverted = false
    private var output: VideoFormat = .unknown

    /// Filters that leave each picture as it is.
    private static let timing: Set<String> = ["fps", "trim", "setpts", "settb", "null", "copy", "tpad"]
    /// How far a side of the picture may be moved to lie on whole pixels, as a share of its length.
    private static let tolerance = 0.0045

    /// Returns nil if there is nothing to fuse.
    init?(after source: Int, in graph: FilterGraph, formats: [[LinkFormat]]) {
        var endpoint = FilterGraph.Endpoint(node: source)
        // Deinterlacing and transparency come before all that moves pixels.
        while let reader = graph.onlyReader(of: endpoint), case .filter(let filter) = graph.nodes[reader].operation,
            Self.timing.contains(filter.name) || ["bwdif", "premultiply"].contains(filter.name)
                || (filter.name == "format" && Self.isFlattening(reader, graph))
        { endpoint = FilterGraph.Endpoint(node: reader) }
        guard let input = formats[endpoint.node][endpoint.pad].video, let size = input.size.value else { return nil }
        self.graph = graph
        self.input = input
        geometry = PictureGeometry(size)
        var best: PictureRun?
        while let reader = graph.onlyReader(of: endpoint), case .filter(let filter) = graph.nodes[reader].operation,
            let before = formats[endpoint.node][endpoint.pad].video, let after = formats[reader].first?.video
        {
            endpoint = FilterGraph.Endpoint(node: reader)
            if Self.timing.contains(filter.name) { continue }
            guard take(reader, filter, before, after) else { break }
            output = after
            let saves = resamplings > 1 || (resamplings == 1 && cropsConverted)
            if saves, isComplete, fused != nil { best = self }
        }
        guard let best else { return nil }
        self = best
    }

    /// Whether a format stands before `premultiply`.
    private static func isFlattening(_ node: Int, _ graph: FilterGraph) -> Bool {
        guard let reader = graph.onlyReader(of: .init(node: node)),
            case .filter(let filter) = graph.nodes[reader].operation
        else { return false }
        return filter.name == "premultiply"
    }

    /// True if the filters so far end in frames that stages and encoders take.
    private var isComplete: Bool {
        guard let last = steps.last, case .filter(let filter) = graph.nodes[last].operation else { return false }
        return filter.name != "tonemap" && output.pixelFormat.value.map { $0 == "yuv420p" } ?? false
    }

    /// Takes the next filter.
    ///
    /// - Returns: false where it cannot be part of one resampling.
    private mutating func take(
        _ index: Int, _ filter: Filter, _ before: VideoFormat, _ after: VideoFormat
    ) -> Bool {
        let node = graph.nodes[index]
        switch filter.name {
        case "crop":
            guard let part = Self.part(filter, before, after) else { return false }
            geometry.crop(to: part)
            crop = crop ?? node
            cropsConverted = cropsConverted || !conversion.isEmpty
        case "scale", "zscale":
            guard let size = after.size.value, let old = before.size.value else { return false }
            let converts = filter.name == "zscale"
            if converts {
                guard filter.isConversion || (filter.isReturn && !conversion.isEmpty) else { return false }
                conversion.append(node.resizing(to: nil))
            } else {
                guard filter.onlyResizes, filter.options["flags"] ?? "bicubic" == "bicubic" else { return false }
            }
            // The way back from linear light computes chroma only.
            if size != old || (converts && !filter.isReturn) { resamplings += 1 }
            if size != old {
                // A picture that is made small and large again is meant to be coarse.
                guard resize == nil || keepsDetail(old, for: size) else { return false }
                geometry.resize(to: size)
                resize = node
            }
        case "tonemap":
            guard node.stage == nil, !conversion.isEmpty else { return false }
            conversion.append(node)
        case "format":
            // The conversion's own, at its end and around a tone mapping.
            guard case .text(let format) = filter.options["pix_fmts"], filter.options.count == 1 else { return false }
            let isOwn = node.stage == nil && !conversion.isEmpty
            guard isOwn || before.pixelFormat.value == format else { return false }
            if isOwn { conversion.append(node) }
        case "setparams":
            guard node.stage == nil else { return false }
            if conversion.isEmpty { turns.append(node) } else { conversion.append(node) }
        case "setsar": break
        default:
            guard geometry.orient(filter) else { return false }
            turns.append(node)
        }
        steps.append(index)
        return true
    }

    /// Whether an earlier resizing loses nothing that a later size could show.
    private func keepsDetail(_ earlier: PictureSize, for size: PictureSize) -> Bool {
        let (width, height) = geometry.extent
        return Double(earlier.width) >= min(width, Double(size.width)) - 1
            && Double(earlier.height) >= min(height, Double(size.height)) - 1
    }

    /// The part that a crop leaves. libavfilter puts corners on whole chroma samples.
    private static func part(_ filter: Filter, _ before: VideoFormat, _ after: VideoFormat) -> PictureGeometry.Part? {
        guard let whole = before.size.value, let size = after.size.value,
            let x = filter.cropCorner("x", from: whole, to: size), let y = filter.cropCorner("y", from: whole, to: size)
        else { return nil }
        let (stepX, stepY) = steps(of: before.pixelFormat.value)
        return PictureGeometry.Part(x: x / stepX * stepX, y: y / stepY * stepY, width: size.width, height: size.height)
    }

    /// Luma samples per chroma sample, across and down, by a part of the pixel format's name; 4:2:0 for all others.
    private static let subsamplings: [(name: String, steps: (Int, Int))] = [
        ("444", (1, 1)), ("gbr", (1, 1)), ("rgb", (1, 1)), ("bgr", (1, 1)), ("422", (2, 1)), ("440", (1, 2)),
        ("411", (4, 1)), ("410", (4, 4)),
    ]

    private static func steps(of format: String?) -> (Int, Int) {
        subsamplings.first { format?.contains($0.name) == true }?.steps ?? (2, 2)
    }

    /// The filters in place of ``steps``; nil where the crop does not lie on whole pixels of the source.
    var fused: [FilterGraph.Node]? {
        let plain = conversion.isEmpty
        guard !plain || input.pixelFormat.value == "yuv420p", let whole = input.size.value else { return nil }
        let (stepX, stepY) = Self.steps(of: input.pixelFormat.value)
        guard let window = geometry.window(step: max(stepX, stepY), tolerance: Self.tolerance) else { return nil }
        var nodes: [FilterGraph.Node] = []
        let (part, size) = (window.source, window.resized)
        if part.width != whole.width || part.height != whole.height { nodes.append(cropping(to: part)) }
        var conversion = conversion
        let resizes = part.width != size.width || part.height != size.height
        if plain {
            var node = resize ?? FilterGraph.Node(.filter(.video("zscale")))
            node.operation = .filter(.resizeWithZimg(to: size))
            var format = node
            format.operation = .filter(.pixelFormat("yuv420p"))
            conversion = [node, format]
        } else {
            // Tone mapping is expensive: it runs at the smaller of the two sizes.
            let enlarges = size.width * size.height > part.width * part.height
            let last = conversion.lastIndex { $0.isReturn } ?? 0
            let place = enlarges ? last : 0
            if resizes {
                conversion[place] = conversion[place].resizing(to: size)
                if let stage = resize?.stage { conversion[place].stage = stage }
            }
        }
        nodes += conversion
        if size.width != window.kept.width || size.height != window.kept.height {
            nodes.append(cropping(to: window.kept))
        }
        nodes += turns
        if resizes || input.sampleAspect.value != output.sampleAspect.value, let aspect = output.sampleAspect.value {
            nodes.append(FilterGraph.Node(.filter(.sampleAspect(aspect)), stage: resize?.stage))
        }
        return nodes
    }

    private func cropping(to part: PictureGeometry.Part) -> FilterGraph.Node {
        var node = crop ?? FilterGraph.Node(.filter(.video("crop")))
        node.operation = .filter(
            .crop(width: .integer(part.width), height: .integer(part.height), x: .integer(part.x), y: .integer(part.y)))
        return node
    }

    /// The fused filters and sizes, as a sentence without full stop.
    var summary: String {
        let names = steps.compactMap { index -> String? in
            guard case .filter(let filter) = graph.nodes[index].operation,
                ["crop", "scale", "zscale"].contains(filter.name)
            else { return nil }
            return graph.nodes[index].name(filter)
        }
        let size = input.size.value.map(\.description) ?? "the picture"
        return "\(names.joined(separator: ", ")) are one resampling: \(size) → \(geometry.size)"
    }
}

extension FilterGraph.Node {
    /// Whether it is the conversion back from linear light.
    fileprivate var isReturn: Bool {
        if case .filter(let filter) = operation { filter.name == "zscale" && filter.isReturn } else { false }
    }

    /// The same filter, to another size; nil for the size that it gets.
    fileprivate func resizing(to size: PictureSize?) -> FilterGraph.Node {
        guard case .filter(var filter) = operation else { return self }
        filter.options["w"] = size.map { .integer($0.width) }
        filter.options["h"] = size.map { .integer($0.height) }
        var node = self
        node.operation = .filter(filter)
        return node
    }
}

extension Filter {
    /// Whether a `zscale` converts colours from what its own options say.
    fileprivate var isConversion: Bool { options["min"] != nil }

    /// Whether a `zscale` is the conversion back from linear light, of the same size.
    fileprivate var isReturn: Bool { options["min"] == nil && options["t"] == "bt709" && options["w"] == nil }
}
