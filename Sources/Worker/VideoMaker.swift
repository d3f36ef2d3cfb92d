import Database
import FoundationEssentials
import Glibc
import GraphDSL
import LibAV
import Logging
import MediaProcess
import Runner
import Storage
import Transfer

/// Makes what a job asks for of its upload, and puts it into the store.
struct VideoMaker: Sendable {
    let store: any ObjectStore
    let pipelines: PublishedFolder
    let assets: AssetFolder
    let cache: AssetCache?
    let media: MediaProcesses
    let limits: Limits
    /// Where results lie until they are in the store.
    let scratch: ScratchSpace
    let logger: Logger

    /// How wide a poster is at the most, in pixels.
    private static let posterWidth = 1280

    /// A result in the store, which is nobody's until the job says so.
    struct Made: Sendable {
        let video: ObjectKey
        let poster: ObjectKey
        let report: RunReport
        /// The size of the video's picture.
        let size: PictureSize
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

        mutating func measure<Result, Failure: Error>(
            _ step: String, _ work: () async throws(Failure) -> Result
        ) async throws(Failure) -> Result {
            let begin = ContinuousClock.now
            defer { steps[step] = begin.duration(to: .now) }
            return try await work()
        }
    }

    /// Makes it, in a media process.
    ///
    /// - Parameter progress: is told how far it is, from 0 to 1.
    /// - Throws: ``RunError``, ``StoreError``, ``PublishedFolder/Problem``.
    func make(_ job: Job, progress: @escaping @Sendable (Double) -> Void) async throws -> Made {
        var cost = Cost()
        let manifest = try pipelines.manifest(of: job.pipeline)
        guard let key = ObjectKey(job.originalKey) else { throw RunError.noSuchInput(job.fileName) }
        let source: any ByteSource
        do throws(StoreError) {
            source = try await cost.measure("open") { () throws(StoreError) in
                try await store.source(key, matching: job.originalTag, at: Date())
            }
        } catch {
            if case .changed = error {
                throw RunError.unsuitable("the file is not the one that was checked; upload it again")
            }
            throw error
        }
        let folder = try scratch.makeFolder()
        defer { folder.remove() }

        let file = folder.path("video.mp4")
        let made = try await cost.measure("media") {
            let descriptor = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw RunError.cannotWrite(file, reason: AVError.text(errno: errno)) }
            defer { close(descriptor) }
            return try await media.make(
                Array(manifest), of: source, name: job.fileName, to: descriptor, assets: assets, cache: cache,
                limits: limits, posterWidth: Self.posterWidth
            ) { step in
                if let fraction = step.fraction { progress(fraction) }
            }
        }
        cost.steps["plan"] = made.planning
        cost.steps["run"] = .seconds(made.report.wallSeconds)
        cost.steps["poster"] = made.posterTime
        let picture = folder.path("poster.jpg")
        do { try Data(made.poster ?? []).write(to: URL(filePath: picture)) } catch {
            throw RunError.cannotWrite(picture, reason: "the disk may be full")
        }
        cost.bytesTransferred = (source as? HTTPByteSource)?.bytesTransferred
        cost.bytesOnDisk = folder.bytes

        // Each attempt has keys of its own: none can spoil another's result, and what nobody refers to is swept.
        let (video, poster) = (ObjectKey.random(in: .processed, .mp4), ObjectKey.random(in: .processed, .jpeg))
        try await cost.measure("store") {
            // The larger first: where there is no room for it, nothing is left behind.
            try await store.put(file, as: video)
            do { try await store.put(picture, as: poster) } catch {
                // What cannot be removed now is swept.
                try? await store.remove(video)
                throw error
            }
        }
        return Made(video: video, poster: poster, report: made.report, size: made.size, cost: cost)
    }

    /// Encodes the bumpers that a run did not find in the cache, for the next runs: what a process makes beside a stranger's file is
    /// kept nowhere.
    func fillCache(_ made: Made, of job: Job) async {
        guard let cache, made.report.segments.contains(where: { !$0.isFromCache }),
            let manifest = try? pipelines.manifest(of: job.pipeline)
        else { return }
        do throws(RunError) {
            _ = try await media.bake(Array(manifest), size: made.size, assets: assets, cache: cache, limits: limits)
        } catch {
            logger.warning("bumpers were not kept", metadata: ["error": "\(error)"])
        }
    }
}
