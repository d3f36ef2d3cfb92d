package import GraphDSL

extension Binder {
    /// What makes one picture of the output.
    package struct Still: Sendable {
        /// The graph's text and the files that it reads.
        var plan: Plan
        /// Of each stream that is read, by its label, the time of the frame that is shown.
        var times: [String: Seconds]
        /// How long a frame must last for the output to show it, in seconds.
        var length: Seconds
        /// The clip's time that is shown; nil where nothing of the clip is, as in a bumper.
        var clipTime: Seconds?
    }

    /// Plans one picture of the output.
    ///
    /// - Parameters:
    ///   - time: the moment of the output.
    ///   - filters: what follows the picture before it leaves.
    /// - Throws: ``RunError``.
    package static func still(
        _ manifest: Manifest, to upload: MediaInfo, named name: String, assets: [AssetPath: MediaInfo],
        parameters: [String: String] = [:], at time: Seconds, then filters: [Filter]
    ) throws(RunError) -> Still {
        try binder(manifest, to: upload, named: name, assets: assets, parameters: parameters).still(time, filters)
    }

    /// Returns a graph in libavfilter's syntax.
    ///
    /// - Parameter labels: the labels of the sources, by node.
    /// - Throws: ``RunError/fault(_:)`` if a parameter has no value.
    func text(of graph: FilterGraph, _ labels: [Int: String]) throws(RunError) -> String {
        guard let text = graph.text(sourceLabel: { labels[$0] ?? "" }, sinkLabel: { $0 == 0 ? "v" : "a" }) else {
            throw .fault("the graph of \(manifest.reference) still has a parameter without a value")
        }
        return text
    }

    private func still(_ time: Seconds, _ filters: [Filter]) throws(RunError) -> Still {
        let passes = try passes()
        let moment = try Moment(
            of: passes.computed, formats: try formats(passes.computed), at: time, then: filters)
        let graph = moment.graph.splitting()
        let (inputs, labels) = try inputs(of: graph)
        let text = try text(of: graph, labels)
        // A split stands behind what it splits: the sources keep their order.
        let times = zip(graph.sources, moment.graph.sources).compactMap { now, before in
            labels[now.index].flatMap { label in moment.times[before.index].map { (label, $0) } }
        }
        let clip = moment.graph.sources.first { $0.source.asset == nil }
        return Still(
            plan: Plan(
                pipeline: manifest.reference, digest: manifest.digest, inputs: inputs, graph: graph, filterGraph: text,
                output: manifest.output, size: nil, hasAudio: false, duration: nil, normalisations: [], warnings: [],
                advice: []),
            times: Dictionary(times) { first, _ in first },
            length: Seconds(2 * moment.speed / manifest.output.frameRate.value),
            clipTime: clip.flatMap { moment.times[$0.index] })
    }
}
