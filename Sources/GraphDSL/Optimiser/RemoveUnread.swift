/// Leaves out what no output reads: its streams are then discarded where the file is taken apart.
public struct RemoveUnread: OptimiserPass {
    public let summary = "what no output reads is left out, and its streams are not even parsed"

    /// The pass.
    public init() {}

    public func rewrite(_ graph: FilterGraph, formats: [[LinkFormat]]) -> FilterRewrite {
        let live = graph.liveNodes
        let changes = graph.nodes.enumerated().compactMap { index, node -> String? in
            guard !live.contains(index) else { return nil }
            switch node.operation {
            case .source(let source):
                return "the \(source.kind.rawValue) of \(source.asset.map { "'\($0)'" } ?? "the clip") is not read"
            case .filter(let filter): return "\(node.name(filter)) is left out: no output reads it"
            case .sink: return nil
            }
        }
        return FilterRewrite(graph.pruned(), changes: changes)
    }
}
