public import GraphDSL

/// A segment of a pipeline that the cache has now.
public struct BakedSegment: Hashable, Codable, Sendable {
    /// What it is kept under.
    public var key: ContentDigest
    /// The assets that it is made of.
    public var assets: [AssetPath]
    /// How many frames it has.
    public var frames: Int
    /// Whether it was there already.
    public var wasThere: Bool
}

extension Runner {
    /// Fills the cache with the segments of a pipeline that are the same for every upload, and with what its assets are.
    ///
    /// - Parameters:
    ///   - manifest: the pipeline.
    ///   - sizes: the pictures' sizes of the clips that will come: where the pipeline keeps them, its bumpers take them on.
    ///   - parameters: what runs will give to the pipeline's parameters.
    /// - Returns: the segments, each once, in the order of sizes and of the output; none where the pipeline has none.
    /// - Throws: ``RunError``; ``RunError/fault(_:)`` where this runner has no cache.
    public func bake(
        _ manifest: Manifest, sizes: [PictureSize], parameters: [String: String] = [:]
    ) async throws(RunError) -> [BakedSegment] {
        guard let cache else { throw .fault("there is no cache to fill") }
        let plans = try await blocking { cancellation throws(RunError) in
            let infos = try survey(manifest.assets, cancellation)
            return try sizes.map { size throws(RunError) in
                try Binder.bind(
                    manifest, to: .plain(size: size, frameRate: manifest.output.frameRate), named: "a clip",
                    assets: infos, parameters: parameters, limits: limits)
            }
        }
        let maker = SegmentMaker(cache: cache, assets: assets, limits: limits)
        var baked: [BakedSegment] = []
        for segment in plans.flatMap(\.segments) {
            guard let key = segment.key, !baked.contains(where: { $0.key == key }) else { continue }
            let there = cache.segment(for: key)
            let made = if let there { there } else { try await bake(segment.plan, key, with: maker) }
            baked.append(
                BakedSegment(
                    key: key, assets: segment.plan.inputs.compactMap(\.asset), frames: made.frames,
                    wasThere: there != nil))
        }
        return baked
    }

    private func bake(
        _ plan: Plan, _ key: ContentDigest, with maker: SegmentMaker
    ) async throws(RunError) -> EncodedSegment {
        let collection = SegmentCollection()
        let run = Run(try maker.job(for: plan, into: collection), progress: AsyncStream { $0.finish() })
        try run.start()
        _ = try await run.report()
        return try maker.keep(collection, key, plan)
    }
}
