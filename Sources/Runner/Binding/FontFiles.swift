public import GraphDSL

/// The font files that filters read in place of asking fontconfig, which reads dozens of files each time.
public struct FontFiles: Hashable, Sendable {
    /// Paths by the family that the `drawtext` filter is given.
    public var paths: [String: String]

    /// The family that `drawtext` takes if none is given (`libavfilter/vf_drawtext.c`).
    private static let usual = "Sans"

    /// Font files by family.
    public init(_ paths: [String: String] = [:]) { self.paths = paths }

    /// The families that a graph asks fontconfig for.
    public static func families(of graph: FilterGraph) -> Set<String> {
        Set(
            graph.nodes.compactMap { node in
                if case .filter(let filter) = node.operation { family(of: filter) } else { nil }
            })
    }

    /// Returns the graph with files in place of the families that are known.
    func resolving(_ graph: FilterGraph) -> FilterGraph {
        guard !paths.isEmpty else { return graph }
        var resolved = FilterGraph()
        for var node in graph.nodes {
            if case .filter(var filter) = node.operation, let path = Self.family(of: filter).flatMap({ paths[$0] }) {
                filter.options["font"] = nil
                filter.options["fontfile"] = .text(path)
                node.operation = .filter(filter)
            }
            resolved.add(node)
        }
        return resolved
    }

    private static func family(of filter: Filter) -> String? {
        guard filter.name == "drawtext", filter.options["fontfile"] == nil else { return nil }
        guard let font = filter.options["font"] else { return usual }
        return if case .text(let family) = font { family } else { nil }
    }
}
