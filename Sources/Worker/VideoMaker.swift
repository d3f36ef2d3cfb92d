import Database
import FoundationEssentials
import GraphDSL
import Logging
import Runner
import Storage

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
    }

    /// Makes it.
    ///
    /// - Parameter progress: is told how far it is, from 0 to 1.
    /// - Throws: ``RunError``, ``StoreError``, ``PublishedFolder/Problem``.
    func make(_ job: Job, progress: (Double) -> Void) async throws -> Made {
        let manifest = try pipelines.manifest(of: job.pipeline)
        let runner = try await runner(of: job)
        let folder = try ScratchFolder(in: scratch)
        defer { folder.remove() }

        let file = folder.path("video.mp4")
        let plan = try await runner.plan(manifest, for: job.originalKey)
        let run = try await runner.run(plan, input: job.originalKey, output: file)
        for await step in run.progress { if let fraction = step.fraction { progress(fraction) } }
        let report = try await run.report()
        let picture = folder.path("poster.jpg")
        try await makePoster(of: file, lasting: report.duration, as: picture)

        // Each attempt has keys of its own: none can spoil another's result, and what nobody refers to is swept.
        let made = Made(video: .random(in: .processed, .mp4), poster: .random(in: .processed, .jpeg), report: report)
        try await store.put(file, as: made.video)
        try await store.put(picture, as: made.poster)
        return made
    }

    /// A runner whose input is the job's upload, read where it lies.
    private func runner(of job: Job) async throws -> Runner {
        guard let key = ObjectKey(job.originalKey) else { throw RunError.noSuchInput(job.fileName) }
        let source = try await store.source(key, at: Date())
        let inputs = InputOpener { _, _ in
            source
        } name: { _ in
            job.fileName
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
