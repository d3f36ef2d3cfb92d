/// A filter graph as people look at it: boxes with what they do, and arrows with what is known of the link.
public struct GraphDrawing: Hashable, Sendable {
    /// What a box stands for.
    public enum Kind: String, Hashable, Sendable {
        /// Media comes in here.
        case source
        /// A filter.
        case filter
        /// A stream of the output.
        case sink
    }

    /// A node of the graph.
    public struct Box: Hashable, Sendable {
        /// What it stands for.
        public let kind: Kind
        /// The filter's name, or what comes in or goes out.
        public let title: String
        /// The filter's options, `name=value` each.
        public let details: [String]
        /// The stage that made it; nil for what binding put in.
        public let stage: String?
    }

    /// A link between two boxes.
    public struct Arrow: Hashable, Sendable {
        /// The index of the box that it leaves.
        public let from: Int
        /// The index of the box that it reaches.
        public let to: Int
        /// What is known of it, in words; empty where nothing is.
        public let label: String
        /// Whether only its facts are read, and no frame.
        public let isReference: Bool
    }

    /// What the drawing is of.
    public let title: String
    /// The nodes, in the order of the graph.
    public let boxes: [Box]
    /// The links.
    public let arrows: [Arrow]

    /// A drawing of a graph.
    ///
    /// - Parameter formats: what is known of every output pad of every node.
    package init(_ graph: FilterGraph, formats: [[LinkFormat]], title: String) {
        self.title = title
        boxes = graph.nodes.map(Box.init)
        var arrows: [Arrow] = []
        for (index, node) in graph.nodes.enumerated() {
            for input in node.inputs {
                arrows.append(
                    Arrow(
                        from: input.node, to: index, label: formats[input.node][input.pad].words, isReference: false))
            }
            if let reference = node.reference {
                arrows.append(Arrow(from: reference.node, to: index, label: "", isReference: true))
            }
        }
        self.arrows = arrows
    }
}

extension GraphDrawing.Box {
    fileprivate init(_ node: FilterGraph.Node) {
        switch node.operation {
        case .source(let source):
            self.init(
                kind: .source, title: "\(source.asset?.description ?? "upload"): \(source.content)",
                details: source.from.map { ["from \($0) s"] } ?? [], stage: node.stage)
        case .sink(let kind):
            self.init(kind: .sink, title: "output: \(kind)", details: [], stage: nil)
        case .filter(let filter):
            let details = filter.options.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.words)" }
            self.init(kind: .filter, title: filter.name, details: details, stage: node.stage)
        }
    }
}

extension OptionValue {
    /// The value as people write it; a parameter by its name.
    fileprivate var words: String {
        if case .parameter(let name) = self { "parameter.\(name)" } else { plainText ?? "" }
    }
}

extension LinkFormat {
    /// What is known, in words: `1280x720, 30 fps, yuv420p, 30 s`.
    fileprivate var words: String {
        var parts: [String] = []
        switch self {
        case .video(let format):
            if let size = format.size.value { parts.append("\(size)") }
            if let aspect = format.sampleAspect.value, aspect != 1 { parts.append("pixels of \(aspect)") }
            if let rate = format.frameRate.value { parts.append("\(rate) fps") }
            if let pixels = format.pixelFormat.value { parts.append(pixels) }
        case .audio(let format):
            if let rate = format.sampleRate.value { parts.append("\(rate) Hz") }
            if let layout = format.channelLayout.value { parts.append(layout) }
        }
        switch duration {
        case .exactly(let time): parts.append("\(time) s")
        case .atMost(let time): parts.append("at most \(time) s")
        case .endless: parts.append("endless")
        case .unknown: break
        }
        return parts.joined(separator: ", ")
    }
}
