/// A compiled pipeline.
public struct Compilation: Sendable {
    /// What is published and run.
    public let manifest: Manifest
    /// What is probably not meant.
    public let warnings: [Diagnostic]
    /// Of each node of the manifest's graph, the stage that made it and its place in the source; nil for sinks.
    public let places: [StagePlace?]
}

extension Pipeline {
    /// Lowers the stages to a filter graph and puts the manifest together.
    ///
    /// A pure function: the same definition and the same assets give the same manifest, byte for byte.
    ///
    /// - Parameter assets: the assets there are.
    /// - Throws: ``CompilationError`` with all that is wrong, not only the first.
    public func compile(assets: AssetCatalog) throws(CompilationError) -> Compilation {
        var graph = GraphBuilder(output: output)
        let clip = graph.apply(stages, to: graph.upload())
        graph.finish(clip)

        let found = definitionProblems + graph.diagnostics + assetProblems(graph, assets) + parameterProblems(graph)
        guard !found.contains(where: { $0.severity == .error }) else {
            throw CompilationError(pipeline: reference, diagnostics: found)
        }
        let used = Set(graph.assets.compactMap(\.asset.path))
        let manifest = Manifest(
            name: name, version: version, summary: summary, parameters: parameters,
            assets: used.sorted().compactMap { path in
                assets.digests[path].map { AssetReference(path: path, sha256: $0) }
            },
            graph: graph.graph.pruned(), output: output)
        let places = graph.graph.liveNodes.sorted().map { graph.place(ofNode: $0) }
        return Compilation(manifest: manifest, warnings: found, places: places)
    }

    private var definitionProblems: [Diagnostic] {
        var problems = output.problems
        if !PipelineReference.isName(name) {
            problems.append("'\(name)' cannot be a pipeline's name: use lower-case letters, digits and single hyphens")
        }
        if version < 1 { problems.append("the version is \(version), but versions begin at 1") }
        for (index, parameter) in parameters.enumerated() {
            if parameters.prefix(index).contains(where: { $0.name == parameter.name }) {
                problems.append("the parameter '\(parameter.name)' is declared twice")
            }
            if !parameter.name.utf8.allSatisfy({
                ($0 | 0x20 >= 97 && $0 | 0x20 <= 122) || ($0 >= 48 && $0 <= 57) || $0 == 95 || $0 == 45
            })
                || parameter.name.isEmpty
            {
                problems.append("'\(parameter.name)' cannot be a parameter's name: use letters, digits, '-' and '_'")
            }
            if let value = parameter.defaultValue {
                do throws(ParameterError) {
                    _ = try parameter.value(from: value)
                } catch {
                    problems.append("the default is wrong: \(error)")
                }
            }
        }
        return problems.map { Diagnostic(.error, $0, at: location) }
    }

    private func assetProblems(_ graph: GraphBuilder, _ catalog: AssetCatalog) -> [Diagnostic] {
        graph.assets.compactMap { asset, place in
            guard let path = asset.path, catalog.digests[path] == nil else { return nil }
            let question = Suggestion.question(asset.text, among: catalog.digests.keys.map(\.description))
            return Diagnostic(
                .error, "\(place.name) needs the asset '\(asset.text)', which is not in the assets folder\(question)",
                at: place.location)
        }
    }

    private func parameterProblems(_ graph: GraphBuilder) -> [Diagnostic] {
        let declared = parameters.map(\.name)
        let named = graph.namedParameters
        let unknown = named.filter { !declared.contains($0.name) }.map { name, place in
            Diagnostic(
                .error,
                "\(place.name) uses the parameter '\(name)', which the pipeline does not declare"
                    + Suggestion.question(name, among: declared),
                at: place.location)
        }
        let unused = declared.filter { name in !named.contains { $0.name == name } }.map { name in
            Diagnostic(.warning, "the parameter '\(name)' is never used", at: location)
        }
        return unknown + unused
    }
}
