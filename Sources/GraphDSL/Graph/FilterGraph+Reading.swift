extension FilterGraph {
    /// The moment of the clip from which on nothing of it is needed: where the last of the trims ends that all of its streams
    /// go through, with nothing before them that changes times; nil where there is none.
    public var uploadEnd: Seconds? {
        let uploads = sources.filter { $0.source.asset == nil }
        let ends = uploads.compactMap { end(after: $0.index) }
        return ends.count == uploads.count ? ends.max() : nil
    }

    /// The first moment that a trim ends at which all of a source goes through.
    private func end(after source: Int) -> Seconds? {
        var end: Seconds?
        var endpoint = Endpoint(node: source)
        while let reader = onlyReader(of: endpoint), case .filter(let filter) = nodes[reader].operation,
            filter.isFramewise || ["fps", "aresample", "trim", "atrim"].contains(filter.name)
        {
            if ["trim", "atrim"].contains(filter.name), case .duration(let other) = filter.options["end"] {
                end = min(end ?? other, other)
            }
            endpoint = Endpoint(node: reader)
        }
        return end
    }

    /// The node that alone reads what comes out of another.
    func onlyReader(of endpoint: Endpoint) -> Int? {
        let readers = nodes.indices.filter {
            nodes[$0].inputs.contains(endpoint) || nodes[$0].reference == endpoint
        }
        return readers.count == 1 ? readers[0] : nil
    }
}

extension Filter {
    /// Whether it makes of each frame one, at its time, whatever came before.
    var isFramewise: Bool { Self.framewise.contains(name) }

    private static let framewise: Set<String> = [
        "aformat", "apad", "crop", "format", "hflip", "null", "pad", "premultiply", "scale", "setparams", "setsar",
        "tonemap", "transpose", "vflip", "zscale",
    ]
}
