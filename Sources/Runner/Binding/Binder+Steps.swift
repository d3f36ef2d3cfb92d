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
        let (normalised, computed) = (passes.normalised, passes.computed)
        let unread = computed.nodes.count - passes.pruned.nodes.count
        let shared = passes.executed.nodes.count - passes.pruned.nodes.count
        let filters = normalised.nodes.count - manifest.graph.nodes.count
        return [
            GraphStep(asWritten: manifest),
            GraphStep(
                .normalised, manifest, normalised, try formats(normalised),
                ["\(filters) filters make the clip, the assets and the output what stages and encoders expect"]
                    + passes.notes),
            GraphStep(
                .computed, manifest, computed, try formats(computed),
                [
                    "parameters are filled in and formulas computed for this clip",
                    "\(normalised.nodes.count - computed.nodes.count) conversions to what is there already are left out",
                ]),
            GraphStep(
                .executed, manifest, passes.executed, try formats(passes.executed),
                [
                    "\(unread) nodes that no output reads are left out",
                    "\(shared) links that are read more than once go through a split",
                ]),
        ]
    }
}
