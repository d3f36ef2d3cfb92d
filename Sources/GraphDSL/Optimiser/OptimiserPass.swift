/// A rewriting of a graph that leaves what it shows as it is and makes it cost less.
///
/// A pure function of a graph whose formulas are computed and of what its sources are; each has a file of its own.
public protocol OptimiserPass: Sendable {
    /// What it does and why, as a sentence without its full stop.
    var summary: String { get }

    /// The filters that it may put in, by libavfilter's names: where one is missing, the pass changes nothing.
    var filters: Set<String> { get }

    /// Rewrites a graph.
    ///
    /// - Parameter formats: what is known of every output pad of every node.
    func rewrite(_ graph: FilterGraph, formats: [[LinkFormat]]) -> FilterRewrite
}

extension OptimiserPass {
    public var filters: Set<String> { [] }

    /// The pass's name: `FuseCropAndScale` is `fuse-crop-and-scale`.
    public var name: String {
        var words = ""
        for character in "\(Self.self)" {
            if character.isUppercase, !words.isEmpty { words += "-" }
            words += character.lowercased()
        }
        return words
    }
}

/// A graph after a pass.
public struct FilterRewrite: Hashable, Sendable {
    /// The graph.
    public var graph: FilterGraph
    /// What the pass changed in it and why, a sentence each without its full stop.
    public var changes: [String]

    /// A graph after a pass that changed it.
    public init(_ graph: FilterGraph, changes: [String]) {
        self.graph = graph
        self.changes = changes
    }
}

/// The passes in their order.
public struct Optimiser: Sendable {
    /// A pass, and what it made of the graph.
    public struct Step: Sendable {
        /// The pass.
        public let pass: any OptimiserPass
        /// The graph after it.
        public let result: FilterRewrite
    }

    /// All passes, in the order in which they run.
    public static let passes: [any OptimiserPass] = [
        RemoveNoOps(), ResampleOnce(), FuseCropAndScale(), ResizeWithZimg(), RemoveRedundantFormats(), RemoveUnread(),
        SeekToTrims(),
    ]

    /// Runs the passes one after the other.
    ///
    /// - Parameters:
    ///   - hasFilter: whether libavfilter has a filter of this name.
    ///   - source: what is known of a source.
    /// - Returns: what each made of the graph.
    public static func run(
        on graph: FilterGraph, hasFilter: (String) -> Bool = { _ in true },
        source: (FilterGraph.Source) -> LinkFormat
    ) -> [Step] {
        var graph = graph
        return passes.map { pass in
            if let missing = pass.filters.sorted().first(where: { !hasFilter($0) }) {
                let result = FilterRewrite(graph, changes: ["this libavfilter has no \(missing)"])
                return Step(pass: pass, result: result)
            }
            let result = pass.rewrite(graph, formats: FormatInference.formats(of: graph, source: source))
            graph = result.graph
            return Step(pass: pass, result: result)
        }
    }
}

extension FilterGraph {
    /// The graph without some of its filters: what read one reads what it read.
    ///
    /// - Parameter reason: why a filter is left out; nil for one that stays.
    func leavingOut(_ reason: (_ index: Int, _ node: Node, _ filter: Filter) -> String?) -> FilterRewrite {
        var changes: [String] = []
        let graph = rewriting { index, node, graph in
            guard case .filter(let filter) = node.operation, node.inputs.count == 1, filter.outputs.count == 1,
                let reason = reason(index, nodes[index], filter)
            else { return graph.addAll(node) }
            changes.append(reason)
            return node.inputs
        }
        return FilterRewrite(graph, changes: changes)
    }
}

extension FilterGraph.Node {
    /// The filter and whose it is, for people: `crop of Crop`.
    func name(_ filter: Filter) -> String { stage.map { "\(filter.name) of \($0)" } ?? filter.name }
}
