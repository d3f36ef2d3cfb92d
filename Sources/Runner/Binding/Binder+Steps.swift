package import GraphDSL

extension Binder {
    /// The graph after each step of binding, and what each changed.
    ///
    /// - Throws: ``RunError``.
    package static func steps(
        _ manifest: Manifest, to upload: MediaInfo, named name: String, assets: [AssetPath: MediaInfo],
        parameters: [String: String] = [:]
    ) throws(RunError) -> [GraphStep] {
        try binder(manifest, to: upload, named: name, assets: assets, parameters: parameters).steps()
    }

    private func steps() throws(RunError) -> [GraphStep] {
        let passes = try passes()
        let filters = passes.normalised.nodes.count - manifest.graph.nodes.count
        var steps = [
            GraphStep(asWritten: manifest),
            GraphStep(
                GraphStep.normalised, manifest, passes.normalised, try formats(passes.normalised),
                ["\(filters) filters make the clip, the assets and the output what stages and encoders expect"]
                    + passes.notes),
            GraphStep(
                GraphStep.computed, manifest, passes.computed, try formats(passes.computed),
                ["parameters are filled in and formulas computed for this clip"] + passes.fitting),
        ]
        for step in passes.optimised {
            let changes = step.result.changes.isEmpty ? ["nothing to do"] : step.result.changes
            steps.append(
                GraphStep(
                    step.pass.name, manifest, step.result.graph, try formats(step.result.graph),
                    [step.pass.summary] + changes))
        }
        return steps + [try executed(passes.final)]
    }

    private func executed(_ graph: FilterGraph) throws(RunError) -> GraphStep {
        if let (graph, picture) = try copying(graph) {
            return GraphStep(GraphStep.executed, manifest, graph, try formats(graph), [picture.words])
        }
        let timeline = Timeline(cutting: graph, formats: try formats(graph))
        let whole = timeline?.body ?? graph
        let executed = whole.splitting()
        let shared = executed.nodes.count - whole.nodes.count
        var changes: [String] = []
        for (constants, place) in [(timeline?.leading ?? [], "before"), (timeline?.trailing ?? [], "after")] {
            for constant in constants {
                let assets = constant.graph.sources.compactMap { $0.source.asset?.description }.joined(separator: ", ")
                changes.append(
                    "\(constant.duration) s \(place) the body (\(assets)) are the same for every clip: "
                        + "they are encoded once, kept, and joined as packets")
            }
        }
        if shared > 0 { changes.append("\(shared) links that are read more than once go through a split") }
        return GraphStep(
            GraphStep.executed, manifest, executed, try formats(executed),
            changes.isEmpty ? ["what libavfilter runs"] : changes)
    }
}
