public import GraphDSL

/// A graph on its way from the definition to what is executed.
public struct GraphStep: Hashable, Sendable {
    /// The steps, in order.
    public enum Name: String, CaseIterable, Sendable {
        /// As the pipeline's stages make it, the same for every clip.
        case written
        /// With what this clip needs to be what stages expect.
        case normalised
        /// With parameters filled in and formulas computed.
        case computed
        /// Without what no output reads, and with a split where a link has several readers.
        case executed
    }

    /// Which step it is.
    public let name: Name
    /// What changed in it and why, a sentence each.
    public let changes: [String]
    /// The graph after it.
    public let drawing: GraphDrawing
}

extension GraphStep {
    /// The first step, which needs no clip.
    ///
    /// - Parameter manifest: the pipeline.
    public init(asWritten manifest: Manifest) {
        let formats = FormatInference.formats(of: manifest.graph) { source in
            GraphBuilder.format(of: source, output: manifest.output)
        }
        self.init(.written, manifest, manifest.graph, formats, ["what the stages make, the same for every clip"])
    }

    init(
        _ name: Name, _ manifest: Manifest, _ graph: FilterGraph, _ formats: [[LinkFormat]], _ changes: [String]
    ) {
        self.name = name
        self.changes = changes
        drawing = GraphDrawing(graph, formats: formats, title: "\(manifest.reference), \(name.rawValue)")
    }
}
