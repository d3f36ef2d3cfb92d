extension FilterGraph {
    /// A new graph made node by node.
    ///
    /// - Parameter replace: gets each node with its inputs already moved to the new graph, adds what stands for it, and
    ///   returns the new output pads in the order of the old ones.
    package func rewriting<Failure: Error>(
        _ replace: (_ index: Int, _ node: Node, _ graph: inout FilterGraph) throws(Failure) -> [Endpoint]
    ) throws(Failure) -> FilterGraph {
        var result = FilterGraph()
        var moved: [Endpoint: Endpoint] = [:]
        for (index, old) in nodes.enumerated() {
            var node = old
            node.inputs = old.inputs.compactMap { moved[$0] }
            node.reference = old.reference.flatMap { moved[$0] }
            for (pad, endpoint) in try replace(index, node, &result).enumerated() {
                moved[Endpoint(node: index, pad: pad)] = endpoint
            }
        }
        return result
    }

    /// The graph without the nodes that no sink reads from.
    package func pruned() -> FilterGraph {
        let live = liveNodes
        return rewriting { index, node, graph in
            live.contains(index) ? graph.addAll(node) : []
        }
    }

    /// The nodes that a sink reads from, directly or through others.
    package var liveNodes: Set<Int> {
        var live = Set<Int>()
        for (index, node) in nodes.enumerated().reversed() {
            if case .sink = node.operation { live.insert(index) }
            guard live.contains(index) else { continue }
            live.formUnion(node.inputs.map(\.node))
            if let reference = node.reference { live.insert(reference.node) }
        }
        return live
    }

    /// The graph with a `split` behind every pad that more than one input reads, as libavfilter demands.
    package func splitting() -> FilterGraph {
        var readers: [Endpoint: Int] = [:]
        for input in nodes.flatMap(\.inputs) { readers[input, default: 0] += 1 }
        var copies: [Endpoint: [Endpoint]] = [:]
        return rewriting { index, node, graph in
            var node = node
            node.inputs = node.inputs.map { input in copies[input]?.popLast() ?? input }
            let outputs = graph.addAll(node)
            for (pad, output) in outputs.enumerated() {
                guard let count = readers[Endpoint(node: index, pad: pad)], count > 1 else { continue }
                let split = Node(.filter(.split(node.outputs[pad], count: count)), inputs: [output])
                copies[output] = graph.addAll(split).reversed()
            }
            return outputs
        }
    }

    /// Adds a node and returns all its output pads.
    package mutating func addAll(_ node: Node) -> [Endpoint] {
        let first = add(node)
        return node.outputs.indices.map { Endpoint(node: first.node, pad: $0) }
    }
}
