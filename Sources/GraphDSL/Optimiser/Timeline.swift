/// A graph cut at its final concatenation into segments that are made apart, each with a closed group of pictures, and
/// joined as packets.
///
/// What does not depend on the upload before and after it, as bumpers do not, is the same for every upload: it is made
/// once and kept.
public struct Timeline: Hashable, Sendable {
    /// A piece of the picture's time that is the same for every upload.
    public struct Constant: Hashable, Sendable {
        /// What makes its picture.
        public var graph: FilterGraph
        /// How long it lasts.
        public var duration: Seconds
    }

    /// What comes before the body.
    public var leading: [Constant]
    /// What depends on the upload: the picture between the constants, and the sound of the whole.
    public var body: FilterGraph
    /// How long the body's picture lasts, where that can be told.
    public var bodyDuration: Seconds?
    /// What comes after the body.
    public var trailing: [Constant]

    /// Cuts a graph.
    ///
    /// - Parameters:
    ///   - graph: a graph whose formulas are computed.
    ///   - formats: what is known of every output pad of every node.
    /// - Returns: nil where it does not end in a concatenation with a constant first or last piece whose length is known.
    public init?(cutting graph: FilterGraph, formats: [[LinkFormat]]) {
        guard let cut = Cut(graph, formats) else { return nil }
        let constants = cut.pieces.map(cut.constant)
        let leading = constants.prefix { $0 != nil }.compactMap(\.self)
        let trailing = constants.reversed().prefix { $0 != nil }.compactMap(\.self)
        let middle = cut.pieces.dropFirst(leading.count).dropLast(trailing.count)
        guard leading.count < constants.count, !leading.isEmpty || !trailing.isEmpty,
            let body = cut.body(Array(middle))
        else { return nil }
        self.leading = leading
        self.trailing = trailing.reversed()
        self.body = body
        bodyDuration = cut.length(middle)
    }
}

/// The final concatenation of a graph, taken apart.
private struct Cut {
    typealias Endpoint = FilterGraph.Endpoint
    typealias Node = FilterGraph.Node

    let graph: FilterGraph
    let formats: [[LinkFormat]]
    /// The pictures of the pieces, in the order of time.
    let pieces: [Endpoint]
    /// The concatenations that were taken apart.
    private let joints: Set<Int>
    /// What stands between the last concatenation and the sink, and treats each frame by itself.
    private let tail: [Filter]

    init?(_ graph: FilterGraph, _ formats: [[LinkFormat]]) {
        guard let sink = graph.nodes.first(where: { $0.operation == .sink(.video) }), var end = sink.inputs.first else {
            return nil
        }
        var tail: [Filter] = []
        while case .filter(let filter) = graph.nodes[end.node].operation, ["format", "fps"].contains(filter.name) {
            tail.insert(filter, at: 0)
            end = graph.nodes[end.node].inputs[0]
        }
        var joints: Set<Int> = []
        pieces = Self.pieces(end, graph, &joints)
        guard pieces.count > 1 else { return nil }
        self.graph = graph
        self.formats = formats
        self.joints = joints
        self.tail = tail
    }

    private static func pieces(_ end: Endpoint, _ graph: FilterGraph, _ joints: inout Set<Int>) -> [Endpoint] {
        let node = graph.nodes[end.node]
        guard case .filter(let filter) = node.operation, filter.name == "concat", end.pad == 0,
            filter.outputs.first == .video, filter.outputs.count <= 2, node.inputs.count % filter.outputs.count == 0
        else { return [end] }
        joints.insert(end.node)
        return stride(from: 0, to: node.inputs.count, by: filter.outputs.count)
            .flatMap { pieces(node.inputs[$0], graph, &joints) }
    }

    private func length(_ piece: Endpoint) -> Seconds? {
        formats[piece.node][piece.pad].duration.exact.flatMap { $0 > .zero ? $0 : nil }
    }

    /// How long some pieces last in all.
    func length(_ pieces: some Sequence<Endpoint>) -> Seconds? {
        var sum = Seconds.zero
        for piece in pieces {
            guard let length = length(piece) else { return nil }
            sum = sum + length
        }
        return sum
    }

    /// A piece as a constant, where it is one.
    func constant(_ piece: Endpoint) -> Timeline.Constant? {
        guard let length = length(piece) else { return nil }
        var graph = graph.cone(of: [piece])
        guard graph.sources.allSatisfy({ $0.source.asset != nil }), let end = graph.ends.first else { return nil }
        graph.value.close(end, .video, tail)
        return Timeline.Constant(graph: graph.value.pruned(), duration: length)
    }

    /// The graph of the pieces between the constants, with the sound of the whole.
    func body(_ pieces: [Endpoint]) -> FilterGraph? {
        let sound = graph.nodes.first { $0.operation == .sink(.audio) }?.inputs.first
        var audioJoints: [Int: [Seconds]] = [:]
        if sound != nil {
            // Where each piece of sound ends must be known, now that no picture tells.
            for joint in joints {
                let node = graph.nodes[joint]
                var lengths: [Seconds] = []
                for input in node.inputs where formats[input.node][input.pad].kind == .video {
                    guard let length = length(input) else { return nil }
                    lengths.append(length)
                }
                audioJoints[joint] = lengths
            }
        }
        var cone = graph.cone(of: pieces + [sound].compactMap(\.self), soundOnly: audioJoints)
        var picture = cone.ends[0]
        if pieces.count > 1 {
            let inputs = Array(cone.ends.prefix(pieces.count))
            picture = cone.value.add(Node(.filter(.concat(count: pieces.count, audio: false)), inputs: inputs))
        }
        var filters = tail
        if sound != nil {
            guard let length = length(pieces) else { return nil }
            // The sound of what follows begins at its time: a picture that ends early keeps its last frame.
            filters = [.holdingLastFrame] + filters + [.trim(to: length)]
        }
        cone.value.close(picture, .video, filters)
        if sound != nil, let end = cone.ends.last { cone.value.close(end, .audio, []) }
        return cone.value.pruned()
    }
}

/// A part of a graph, with where the links begin in it that it was taken for.
private struct Cone {
    var value = FilterGraph()
    var ends: [FilterGraph.Endpoint] = []

    var sources: [(index: Int, source: FilterGraph.Source)] { value.sources }
}

extension FilterGraph {
    /// The part of a graph that some links come from.
    ///
    /// - Parameter soundOnly: concatenations of which only the sound is taken, with the lengths of their pieces.
    fileprivate func cone(of ends: [Endpoint], soundOnly: [Int: [Seconds]] = [:]) -> Cone {
        var wanted = Set(ends.map(\.node))
        for index in nodes.indices.reversed() where wanted.contains(index) {
            wanted.formUnion(nodes[index].inputs.map(\.node))
            if let reference = nodes[index].reference { wanted.insert(reference.node) }
        }
        var moved: [Endpoint: Endpoint] = [:]
        let value = rewriting { index, node, graph in
            guard wanted.contains(index) else { return [] }
            var outputs = graph.addAll(node)
            if let lengths = soundOnly[index] {
                var node = node
                node.operation = .filter(
                    Filter("concat", ["n": .integer(lengths.count), "v": 0, "a": 1], outputs: [.audio]))
                let sounds = stride(from: 1, to: node.inputs.count, by: 2).map { node.inputs[$0] }
                node.inputs = zip(sounds, lengths).map { sound, length in
                    let padded = graph.add(Node(.filter(.audioPad(to: length)), inputs: [sound]))
                    return graph.add(Node(.filter(.audioTrim(to: length)), inputs: [padded]))
                }
                outputs[1] = graph.add(node)
            }
            for (pad, output) in outputs.enumerated() { moved[Endpoint(node: index, pad: pad)] = output }
            return outputs
        }
        return Cone(value: value, ends: ends.compactMap { moved[$0] })
    }

    /// Ends a link in a sink.
    fileprivate mutating func close(_ end: Endpoint, _ kind: MediaKind, _ filters: [Filter]) {
        let end = filters.reduce(end) { end, filter in add(Node(.filter(filter), inputs: [end])) }
        add(Node(.sink(kind), inputs: [end]))
    }
}
