import GraphDSL

/// What a pipeline does to a clip that its owner may not expect: enlarging, bars, cut content, dropped sound.
struct Advice {
    /// The graph with its formulas computed.
    let graph: FilterGraph
    /// What is known of every output pad of every node.
    let formats: [[LinkFormat]]

    /// The remarks, a sentence each without its full stop.
    ///
    /// - Parameters:
    ///   - upload: what the clip is.
    ///   - assets: what the assets are.
    func remarks(upload: MediaInfo, assets: [AssetPath: MediaInfo]) -> [String] {
        bodyNodes.compactMap(remark) + soundRemarks(upload, assets)
    }

    /// The nodes that the upload's pictures go through.
    private var bodyNodes: [Int] {
        var body = Set<Int>()
        for (index, node) in graph.nodes.enumerated() {
            switch node.operation {
            case .source(let source): if source.asset == nil, source.kind == .video { body.insert(index) }
            case .sink: break
            // The first input of a filter is what it changes; a concatenation goes on with all of them.
            case .filter(let filter):
                let inputs = filter.name == "concat" ? node.inputs[...] : node.inputs.prefix(1)
                if inputs.contains(where: { body.contains($0.node) }) { body.insert(index) }
            }
        }
        return body.sorted()
    }

    private func remark(_ index: Int) -> String? {
        let node = graph.nodes[index]
        guard case .filter(let filter) = node.operation, let stage = node.stage, let input = node.inputs.first else {
            return nil
        }
        let before = formats[input.node][input.pad]
        guard let after = formats[index].first else { return nil }
        if filter.name == "trim" { return Self.trim(stage, filter, before.duration.exact, after.duration.exact) }
        guard let old = before.video?.size.value, let new = after.video?.size.value, old != new else { return nil }
        let kept = Double(old.width * old.height) / Double(new.width * new.height)
        switch filter.name {
        case "scale" where new.width > old.width || new.height > old.height:
            let factor = max(Double(new.width) / Double(old.width), Double(new.height) / Double(old.height))
            return
                "\(stage) enlarges the picture from \(old) to \(new), \(Self.rounded(factor)) times: it will look soft"
        case "pad" where kept < 0.995:
            return "\(stage) puts bars \(Self.sides(old, new)): the picture takes \(Self.percent(kept)) of the frame"
        case "crop" where kept > 1.005:
            return "\(stage) cuts away \(Self.percent(1 - 1 / kept)) of the picture, \(Self.sides(new, old))"
        default: return nil
        }
    }

    private static func trim(_ stage: String, _ filter: Filter, _ before: Seconds?, _ after: Seconds?) -> String? {
        guard let before, let after, before - after > Seconds(0.05) else { return nil }
        var start = Seconds.zero
        if case .duration(let time) = filter.options["start"] { start = time }
        let end = before - start - after
        let parts = [
            start > Seconds(0.05) ? "the first \(rounded(start.value)) s" : nil,
            end > Seconds(0.05) ? "the last \(rounded(end.value)) s" : nil,
        ]
        return
            "\(stage) leaves out \(parts.compactMap(\.self).joined(separator: " and ")) of \(rounded(before.value)) s"
    }

    private func soundRemarks(_ upload: MediaInfo, _ assets: [AssetPath: MediaInfo]) -> [String] {
        guard !graph.sinks.contains(.audio) else { return [] }
        var shown: [AssetPath] = []
        for (_, source) in graph.sources where source.content == .video {
            if let asset = source.asset, assets[asset]?.audio != nil, !shown.contains(asset) { shown.append(asset) }
        }
        return (upload.audio == nil ? [] : ["the clip's sound is dropped: the output has none"])
            + shown.map { "the sound of '\($0)' is dropped: the output has none" }
    }

    private static func sides(_ small: PictureSize, _ large: PictureSize) -> String {
        switch (small.width < large.width, small.height < large.height) {
        case (true, true): "on all sides"
        case (true, false): "left and right"
        default: "above and below"
        }
    }

    private static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }

    private static func rounded(_ number: Double) -> Double { (number * 10).rounded() / 10 }
}
