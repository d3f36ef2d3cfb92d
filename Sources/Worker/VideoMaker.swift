import Database
import FoundationEssentials
import GraphDSL
import LibAV
import Logging
import Runner
import Storage
import Transfer

/// Makes what a job asks for of its upload, and puts it into the store.
struct VideoMaker: Sendable {
    let store: any ObjectStore
    let pipelines: PublishedFolder
    let assets: AssetFolder
    let cache: AssetCache?
    let limits: Limits
    /// Where results lie until they are in the store.
    let scratch: String
    let logger: Logger

    /// How wide a poster is at the most, in pixels.
    private static let posterWidth = 1280

    /// A result in the store, which is nobody's until the job says so.
    struct Made: Sendable {
        let video: ObjectKey
        let poster: ObjectKey
        let report: RunReport
        let cost: Cost
    }

    /// What making it took beside the run.
    struct Cost: Sendable {
        /// How long each step took.
        var steps: [String: Duration] = [:]
        /// How much of the upload was transferred; nil where it was a file.
        var bytesTransferred: Int64?
        /// How much lay on the disk, in bytes.
        var bytesOnDisk: Int64 = 0

        mutating func measure<Result>(
            _ step: String, _ work: () async throws -> Result
        ) async rethrows -> Result {
            let begin = ContinuousClock.now
            defer { steps[step] = begin.duration(to: .now) }
            return try await work()
        }
    }

    /// Makes it.
    ///
    /// - Parameter progress: is told how far it is, from 0 to 1.
    /// - Throws: ``RunError``, ``StoreError``, ``PublishedFolder/Problem``.
    func make(_ job: Job, progress: (Double) -> Void) async throws -> Made {
        var cost = Cost()
        let manifest = try pipelines.manifest(of: job.pipeline)
        guard let key = ObjectKey(job.originalKey) else { throw RunError.noSuchInput(job.fileName) }
        let source = try await cost.measure("open") { try await store.source(key, at: Date()) }
        let runner = runner(of: source, named: job.fileName)
        let folder = try ScratchFolder(in: scratch)
        defer { folder.remove() }

        let file = folder.path("video.mp4")
        let plan = try await cost.measure("plan") { try await runner.plan(manifest, for: job.originalKey) }
        let report = try await cost.measure("run") {
            let run = try await runner.run(plan, input: job.originalKey, output: file)
            for await step in run.progress { if let fraction = step.fraction { progress(fraction) } }
            return try await run.report()
        }
        let picture = folder.path("poster.jpg")
        try await cost.measure("poster") { try await makePoster(of: file, lasting: report.duration, as: picture) }
        cost.bytesTransferred = (source as? HTTPByteSource)?.bytesTransferred
        cost.bytesOnDisk = folder.bytes

        // Each attempt has keys of its own: none can spoil another's result, and what nobody refers to is swept.
        let (video, poster) = (ObjectKey.random(in: .processed, .mp4), ObjectKey.random(in: .processed, .jpeg))
        try await cost.measure("store") {
            // The larger first: where there is no room for it, nothing is left behind.
            try await store.put(file, as: video)
            try await store.put(picture, as: poster)
        }
        return Made(video: video, poster: poster, report: report, cost: cost)
    }

    /// A runner whose input is an upload, read where it lies.
    private func runner(of source: any ByteSource, named name: String) -> Runner {
        let inputs = InputOpener { _, _ in
            source
        } name: { _ in
            name
        }
        return Runner(assets: assets, limits: limits, cache: cache, inputs: inputs, logger: logger)
    }

    /// The picture in the middle of a video.
    private func makePoster(of file: String, lasting duration: Seconds, as picture: String) async throws {
        let runner = Runner(assets: assets, limits: limits, logger: logger)
        let still = try await runner.stills(of: file).before(
            at: Seconds(duration.value / 2), width: Self.posterWidth)
        do { try Data(still.jpeg).write(to: URL(filePath: picture)) } catch {
            throw RunError.cannotWrite(picture, reason: "the disk may be full")
        }
    }
}
