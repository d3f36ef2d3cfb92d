extension FilterGraph {
    /// The graph as `avfilter_graph_parse2` and the `ffmpeg` program's `-filter_complex` read it.
    ///
    /// Nil while an option is still a parameter. Every output pad must have one reader at most (see ``splitting()``);
    /// pads without one end in a null sink.
    ///
    /// - Parameters:
    ///   - sourceLabel: the label of the source at a node, `0:0` for the first stream of the first input.
    ///   - sinkLabel: the label of the output's stream at an index.
    package func text(sourceLabel: (Int) -> String, sinkLabel: (Int) -> String) -> String? {
        var labels: [Endpoint: String] = [:]
        var unread: [Endpoint: MediaKind] = [:]
        var sinks = 0
        for (index, node) in nodes.enumerated() {
            for input in node.inputs { unread[input] = nil }
            switch node.operation {
            case .source: labels[Endpoint(node: index)] = sourceLabel(index)
            case .filter(let filter):
                for (pad, kind) in filter.outputs.enumerated() {
                    let endpoint = Endpoint(node: index, pad: pad)
                    labels[endpoint] = pad == 0 ? "n\(index)" : "n\(index)_\(pad)"
                    unread[endpoint] = kind
                }
            case .sink:
                for input in node.inputs { labels[input] = sinkLabel(sinks) }
                sinks += 1
            }
        }

        var chains: [String] = []
        var open: Endpoint?
        for (index, node) in nodes.enumerated() {
            guard case .filter(let filter) = node.operation else { continue }
            guard let text = filter.text else { return nil }
            if let open, node.inputs == [open], !chains.isEmpty {
                chains[chains.count - 1] += "," + text
            } else {
                if let open { chains[chains.count - 1] += "[\(labels[open] ?? "")]" }
                chains.append(node.inputs.map { "[\(labels[$0] ?? "")]" }.joined() + text)
            }
            if filter.outputs.count == 1 {
                open = Endpoint(node: index)
            } else {
                open = nil
                chains[chains.count - 1] += filter.outputs.indices
                    .map { "[\(labels[Endpoint(node: index, pad: $0)] ?? "")]" }.joined()
            }
        }
        if let open { chains[chains.count - 1] += "[\(labels[open] ?? "")]" }
        for (endpoint, kind) in unread.sorted(by: { ($0.key.node, $0.key.pad) < ($1.key.node, $1.key.pad) }) {
            chains.append("[\(labels[endpoint] ?? "")]\(kind == .video ? "nullsink" : "anullsink")")
        }
        return chains.joined(separator: ";")
    }
}
