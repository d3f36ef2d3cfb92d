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
    /// Fills the cache with the segments of a pipeline that are the same for every upload.
    ///
    /// - Parameters:
    ///   - manifest: the pipeline.
    ///   - size: the picture's size of the clips that will come: where the pipeline keeps it, its bumpers take it on.
    ///   - parameters: what runs will give to the pipeline's parameters.
    /// - Returns: the segments, in their order; none where the pipeline has none.
    /// - Throws: ``RunError``; ``RunError/fault(_:)`` where this runner has no cache.
    public func bake(
        _ manifest: Manifest, size: PictureSize, parameters: [String: String] = [:]
    ) async throws(RunError) -> [BakedSegment] {
        guard let cache else { throw .fault("there is no cache to fill") }
        let plan = try await blocking { cancellation throws(RunError) in
            let infos = try survey(manifest.assets, cancellation)
            return try Binder.bind(
                manifest, to: .plain(size: size, frameRate: manifest.output.frameRate), named: "a clip", assets: infos,
                parameters: parameters, limits: limits)
        }
        let maker = SegmentMaker(cache: cache, assets: assets, limits: limits)
        var baked: [BakedSegment] = []
        for segment in plan.segments {
            guard let key = segment.key else { continue }
            let assets = segment.plan.inputs.compactMap(\.asset)
            if let there = cache.segment(for: key) {
                baked.append(BakedSegment(key: key, assets: assets, frames: there.frames, wasThere: true))
                continue
            }
            let collection = SegmentCollection()
            let run = Run(
                try maker.job(for: segment.plan, into: collection), progress: AsyncStream { $0.finish() })
            try run.start()
            _ = try await run.report()
            let made = try maker.keep(collection, key, segment.plan)
            baked.append(BakedSegment(key: key, assets: assets, frames: made.frames, wasThere: false))
        }
        return baked
    }
}
