import GraphDSL
import LibAV

/// The segments before and behind the body of an output.
struct JoinedSegments: Sendable {
    var leading: [EncodedSegment] = []
    var trailing: [EncodedSegment] = []
}

/// Gets the constant segments of a plan: out of the cache, or by encoding them.
struct SegmentMaker: Sendable {
    let cache: AssetCache?
    let assets: AssetFolder
    let limits: Limits

    /// A segment, and where it comes from.
    struct Made: Sendable {
        let segment: EncodedSegment
        let isFromCache: Bool
    }

    /// The segments of a plan.
    ///
    /// - Parameter job: whose end ends the making.
    /// - Throws: ``RunError``.
    func segments(of plan: Plan, for job: RunJob) throws(RunError) -> [ContentDigest: Made] {
        var segments: [ContentDigest: Made] = [:]
        for segment in plan.segments {
            guard let key = segment.key, segments[key] == nil else { continue }
            if let kept = cache?.segment(for: key) {
                segments[key] = Made(segment: kept, isFromCache: true)
            } else {
                segments[key] = Made(segment: try make(segment.plan, key, for: job), isFromCache: false)
            }
        }
        return segments
    }

    /// The segments as the body's encoder needs them: one whose parameter sets are others is encoded again.
    ///
    /// - Parameter header: the body's encoder's.
    /// - Throws: ``RunError/fault(_:)`` where one does not come out the same again.
    func join(
        _ plan: Plan, _ segments: [ContentDigest: Made], to header: [UInt8], for job: RunJob
    ) throws(RunError) -> JoinedSegments {
        var joined = JoinedSegments()
        var isBehind = false
        for part in plan.segments {
            guard let key = part.key else {
                isBehind = true
                continue
            }
            let segment: EncodedSegment
            if let made = segments[key]?.segment, made.fits(header) {
                segment = made
            } else {
                segment = try make(part.plan, key, for: job)
            }
            guard segment.fits(header) else {
                throw .fault("the pieces of \(plan.pipeline) do not come out of the encoder alike")
            }
            if isBehind { joined.trailing.append(segment) } else { joined.leading.append(segment) }
        }
        return joined
    }

    private func make(_ plan: Plan, _ key: ContentDigest, for job: RunJob) throws(RunError) -> EncodedSegment {
        let collection = SegmentCollection()
        let part = try self.job(for: plan, into: collection)
        job.onEnd { part.cancel() }
        _ = try part.perform().get()
        return try keep(collection, key, plan)
    }

    /// A job that encodes a segment.
    func job(for plan: Plan, into collection: SegmentCollection) throws(RunError) -> RunJob {
        var sources: [FileByteSource] = []
        for asset in plan.inputs.compactMap(\.asset) { sources.append(try assets.source(of: asset)) }
        return RunJob(
            plan: plan, named: { $0.asset.map(assets.file) ?? "" }, sources: sources,
            destination: .segment(collection), limits: limits)
    }

    /// Keeps a segment that was encoded.
    func keep(
        _ collection: SegmentCollection, _ key: ContentDigest, _ plan: Plan
    ) throws(RunError) -> EncodedSegment {
        guard let segment = collection.segment, segment.frames > 0 else {
            throw .fault("a piece of \(plan.pipeline) has no frame")
        }
        cache?.keep(segment, for: key)
        return segment
    }
}
