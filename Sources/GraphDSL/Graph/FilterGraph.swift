/// A graph of filters between sources and sinks: what a pipeline compiles to.
///
/// A value: nodes in an order in which every node stands after the nodes it reads from. A link is named by the output
/// pad it starts from (``Endpoint``) and stands at the input pad that reads it.
public struct FilterGraph: Hashable, Codable, Sendable {
    /// An output pad of a node: the beginning of a link.
    public struct Endpoint: Hashable, Codable, Sendable {
        /// The index of the node in ``FilterGraph/nodes``.
        public var node: Int
        /// The output pad, from 0.
        public var pad: Int

        /// The output pad `pad` of the node at `node`.
        public init(node: Int, pad: Int = 0) {
            self.node = node
            self.pad = pad
        }
    }

    /// Where media comes into the graph.
    public struct Source: Hashable, Codable, Sendable {
        /// What the source shows.
        public enum Content: String, Codable, Sendable {
            /// Moving pictures, normalised to the output's frame rate and colours when a plan is bound.
            case video
            /// Sound, normalised to the output's rate and layout.
            case audio
            /// One still picture with its transparency.
            case image
        }

        /// The asset, or nil for the upload.
        public var asset: AssetPath?
        /// What of it.
        public var content: Content
        /// The moment before which nothing of it is needed; nil where all is. The optimiser finds it out.
        public var from: Seconds?

        /// A source of `content` in an asset, or in the upload where `asset` is nil.
        public init(asset: AssetPath?, content: Content) {
            self.asset = asset
            self.content = content
        }

        /// What its output pad carries.
        public var kind: MediaKind { content == .audio ? .audio : .video }
    }

    /// What a node does.
    public enum Operation: Hashable, Sendable {
        /// Media comes in here.
        case source(Source)
        /// A filter of libavfilter.
        case filter(Filter)
        /// Where one stream of the output leaves the graph.
        case sink(MediaKind)
    }

    /// A node with the links that it reads.
    public struct Node: Hashable, Sendable {
        /// What it does.
        public var operation: Operation
        /// The links it reads, by input pad.
        public var inputs: [Endpoint]
        /// A link whose facts the node's formulas may name as `ref.width`, `ref.height` and `ref.duration`, though no
        /// frame of it is read.
        public var reference: Endpoint?
        /// The stage that made the node, or nil for one that the compiler or the binding put in.
        public var stage: String?

        /// A node.
        public init(_ operation: Operation, inputs: [Endpoint] = [], reference: Endpoint? = nil, stage: String? = nil) {
            self.operation = operation
            self.inputs = inputs
            self.reference = reference
            self.stage = stage
        }

        /// What each output pad carries.
        public var outputs: [MediaKind] {
            switch operation {
            case .source(let source): [source.kind]
            case .filter(let filter): filter.outputs
            case .sink: []
            }
        }
    }

    /// The nodes, each after all that it reads from.
    public private(set) var nodes: [Node]

    /// A graph without nodes.
    public init() { nodes = [] }

    /// Adds a node and returns its first output pad.
    @discardableResult
    public mutating func add(_ node: Node) -> Endpoint {
        precondition(
            (node.inputs + [node.reference].compactMap(\.self)).allSatisfy { $0.node < nodes.count },
            "a node reads only from nodes before it")
        nodes.append(node)
        return Endpoint(node: nodes.count - 1)
    }

    /// The sources that stand in the graph, with the index of their node.
    public var sources: [(index: Int, source: Source)] {
        nodes.enumerated().compactMap { index, node in
            if case .source(let source) = node.operation { (index, source) } else { nil }
        }
    }

    /// The kinds of the sinks, in the order of the output's streams.
    public var sinks: [MediaKind] {
        nodes.compactMap { node in
            if case .sink(let kind) = node.operation { kind } else { nil }
        }
    }

    /// The parameters of the pipeline that filters name.
    public var parameters: Set<String> {
        nodes.reduce(into: []) { names, node in
            if case .filter(let filter) = node.operation { names.formUnion(filter.parameters) }
        }
    }
}

extension FilterGraph.Node: Codable {
    private enum Key: String, CodingKey {
        case source, filter, sink, inputs, reference, stage
    }

    public init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: Key.self)
        let inputs = try object.decodeIfPresent([FilterGraph.Endpoint].self, forKey: .inputs) ?? []
        let reference = try object.decodeIfPresent(FilterGraph.Endpoint.self, forKey: .reference)
        let stage = try object.decodeIfPresent(String.self, forKey: .stage)
        let operation: FilterGraph.Operation
        if let source = try object.decodeIfPresent(FilterGraph.Source.self, forKey: .source) {
            operation = .source(source)
        } else if let filter = try object.decodeIfPresent(Filter.self, forKey: .filter) {
            operation = .filter(filter)
        } else {
            operation = .sink(try object.decode(MediaKind.self, forKey: .sink))
        }
        self.init(operation, inputs: inputs, reference: reference, stage: stage)
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        switch operation {
        case .source(let source): try object.encode(source, forKey: .source)
        case .filter(let filter): try object.encode(filter, forKey: .filter)
        case .sink(let kind): try object.encode(kind, forKey: .sink)
        }
        if !inputs.isEmpty { try object.encode(inputs, forKey: .inputs) }
        try object.encodeIfPresent(reference, forKey: .reference)
        try object.encodeIfPresent(stage, forKey: .stage)
    }
}

extension FilterGraph {
    private enum Key: String, CodingKey { case nodes }

    /// Reads a graph and checks that every node reads from output pads that stand before it.
    public init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: Key.self)
        nodes = try object.decode([Node].self, forKey: .nodes)
        for (index, node) in nodes.enumerated() {
            for endpoint in node.inputs + [node.reference].compactMap(\.self) {
                guard (0..<index).contains(endpoint.node), nodes[endpoint.node].outputs.indices.contains(endpoint.pad)
                else {
                    throw DecodingError.dataCorruptedError(
                        forKey: .nodes, in: object,
                        debugDescription: "node \(index) reads pad \(endpoint.pad) of node \(endpoint.node)")
                }
            }
        }
    }
}
