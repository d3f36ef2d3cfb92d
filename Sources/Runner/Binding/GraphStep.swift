public import GraphDSL

/// A graph on its way from the definition to what is executed.
public struct GraphStep: Hashable, Sendable {
    /// Its name: one of ``names``.
    public let name: String
    /// What changed in it and why, a sentence each.
    public let changes: [String]
    /// The graph after it.
    public let drawing: GraphDrawing

    /// As the pipeline's stages make it, the same for every clip.
    static let written = "written"
    /// With what this clip needs to be what stages expect.
    static let normalised = "normalised"
    /// With parameters filled in and formulas computed.
    static let computed = "computed"
    /// What runs for the upload: without the pieces that are the same for every upload, and with a split where a link has
    /// several readers.
    static let executed = "executed"

    /// The names of all steps, in order; those of the optimiser's passes stand before the last.
    public static let names = [written, normalised, computed] + Optimiser.passes.map(\.name) + [executed]
}

extension GraphStep {
    /// The first step, which needs no clip.
    ///
    /// - Parameter manifest: the pipeline.
    public init(asWritten manifest: Manifest) {
        let formats = FormatInference.formats(of: manifest.graph) { source in
            GraphBuilder.format(of: source, output: manifest.output)
        }
        self.init(Self.written, manifest, manifest.graph, formats, ["what the stages make, the same for every clip"])
    }

    init(
        _ name: String, _ manifest: Manifest, _ graph: FilterGraph, _ formats: [[LinkFormat]], _ changes: [String]
    ) {
        self.name = name
        self.changes = changes
        drawing = GraphDrawing(graph, formats: formats, title: "\(manifest.reference), \(name)")
    }
}
