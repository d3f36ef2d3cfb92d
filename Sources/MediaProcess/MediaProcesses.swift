import Foundation
import Glibc
public import GraphDSL
public import LibAV
public import Logging
public import MediaChannel
public import Runner
import Scheduling
import Synchronization

/// Pool of media processes (`cortina-media`): each runs one job on an untrusted file, without privileges.
///
/// The parent reads the file and serves byte ranges. One idle process is kept ready, so that a job does not wait for a start.
public final class MediaProcesses: Sendable {
    /// A video that was made.
    public struct Made: Sendable {
        public let report: RunReport
        /// How long binding took.
        public let planning: Duration
        /// The size of the output's picture.
        public let size: PictureSize
        /// The poster, JPEG.
        public let poster: [UInt8]?
        /// How long the poster took.
        public let posterTime: Duration
    }

    private struct State {
        var spare: MediaChild?
        var isStopped = false
        var isAnnounced = false
    }

    private let program: String
    private let keepsSpare: Bool
    private let isolation: MediaJob.Isolation
    private let queue: FairQueue
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameters:
    ///   - program: the path of `cortina-media`.
    ///   - width: maximum number of concurrent jobs.
    ///   - waiting: queue capacity, in jobs.
    ///   - waitingPerClient: queue capacity per client; nil for no separate limit.
    ///   - isolation: fallback where the system refuses seccomp.
    ///   - keepsSpare: true to have a process ready for the next job.
    public init(
        program: String = MediaProcesses.sibling, width: Int = 1, waiting: Int = 100, waitingPerClient: Int? = nil,
        isolation: MediaJob.Isolation = .required, keepsSpare: Bool = true,
        logger: Logger
    ) {
        queue = FairQueue(width: width, limit: waiting, clientLimit: waitingPerClient)
        self.program = program
        self.isolation = isolation
        self.keepsSpare = keepsSpare
        self.logger = logger
    }

    /// The path of `cortina-media` beside this program.
    public static var sibling: String {
        let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let own = link ?? CommandLine.arguments[0]
        return URL(filePath: own).deletingLastPathComponent().appending(path: "cortina-media").path
    }

    // MARK: Processes

    /// Starts the process that the next job will find ready.
    public func warmUp() {
        guard keepsSpare else { return }
        let isNeeded = state.withLock { $0.spare == nil && !$0.isStopped }
        guard isNeeded, let child = try? MediaChild(program) else { return }
        let surplus = state.withLock { state -> MediaChild? in
            guard state.spare == nil, !state.isStopped else { return child }
            state.spare = child
            return nil
        }
        surplus?.kill()
    }

    /// Ends the process that is kept ready. Those at work are their jobs' own.
    public func stop() {
        let spare = state.withLock { state in
            defer { state.spare = nil }
            state.isStopped = true
            return state.spare
        }
        spare?.kill()
    }

    // MARK: Jobs

    /// Has a process give up its privileges, and logs once which mechanisms the system has.
    ///
    /// - Throws: ``RunError``, also if the system refuses what is required.
    public func check() async throws(RunError) {
        guard case .checked = try await perform(.check, nil, name: "no file", output: nil, limits: Limits()).reply
        else {
            throw Self.unexpectedReply
        }
    }

    /// Finds out what a file is.
    ///
    /// - Parameter client: key for fair queueing; clients are served round robin. ``make(_:parameters:of:name:to:assets:cache:limits:posterWidth:progress:)`` and
    ///   ``bake(_:size:assets:cache:limits:)`` share one key.
    /// - Throws: ``RunError``.
    public func probe(
        _ source: any ByteSource, name: String, limits: Limits, for client: String = ""
    ) async throws(RunError) -> ProbeFacts {
        let answer = try await perform(.probe, source, name: name, output: nil, limits: limits, for: client)
        guard case .probed(let facts) = answer.reply else { throw Self.unexpectedReply }
        return facts
    }

    /// Makes a video.
    ///
    /// - Parameters:
    ///   - manifest: the pipeline, canonical JSON.
    ///   - parameters: the values of its parameters.
    ///   - source: the bytes of the upload.
    ///   - name: the name of the upload, for errors.
    ///   - output: an empty file, open for reading and writing; it stays the caller's.
    ///   - cache: where encoded bumpers are; the job reads them and adds none.
    ///   - posterWidth: the largest width of the poster, in pixels; nil for no poster.
    ///   - progress: gets how far the run is.
    /// - Throws: ``RunError``.
    public func make(
        _ manifest: [UInt8], parameters: [String: String] = [:], of source: any ByteSource, name: String,
        to output: Int32, assets: AssetFolder, cache: AssetCache?, limits: Limits, posterWidth: Int? = nil,
        progress: @escaping @Sendable (RunProgress) -> Void = { _ in }
    ) async throws(RunError) -> Made {
        let work = MediaJob.Make(
            manifest: Data(manifest), parameters: parameters, assets: Self.absolute(assets.path),
            cache: (cache?.path).map(Self.absolute), posterWidth: posterWidth)
        let answer = try await perform(
            .make(work), source, name: name, output: output, limits: limits, progress: progress)
        guard case .made(let report, let plan, let posterSeconds) = answer.reply else { throw Self.unexpectedReply }
        return Made(
            report: report, planning: .seconds(plan.seconds.value), size: plan.size,
            poster: answer.attachment.isEmpty ? nil : answer.attachment, posterTime: .seconds(posterSeconds.value))
    }

    /// Fills a cache with the bumpers of a pipeline. No stranger's file is read.
    ///
    /// - Parameter size: the display size of the clips that will come.
    /// - Returns: how many were encoded.
    /// - Throws: ``RunError``.
    public func bake(
        _ manifest: [UInt8], size: PictureSize, assets: AssetFolder, cache: AssetCache, limits: Limits
    ) async throws(RunError) -> Int {
        let work = MediaJob.Bake(
            manifest: Data(manifest), assets: Self.absolute(assets.path), cache: Self.absolute(cache.path), size: size)
        let answer = try await perform(.bake(work), nil, name: "a bumper", output: nil, limits: limits)
        guard case .baked(let count) = answer.reply else { throw Self.unexpectedReply }
        return count
    }

    private static var unexpectedReply: RunError { .fault("the media process sent a reply of the wrong kind") }

    /// Absolute path: the media process's working directory is `/`.
    private static func absolute(_ path: String) -> String { URL(filePath: path).standardizedFileURL.path }

    private func perform(
        _ work: MediaJob.Work, _ source: (any ByteSource)?, name: String, output: Int32?, limits: Limits,
        for client: String = "", progress: @escaping @Sendable (RunProgress) -> Void = { _ in }
    ) async throws(RunError) -> MediaSession.Answer {
        let slot: FairQueue.Slot
        do throws(FairQueue.Refusal) { slot = try await queue.enter(for: client) } catch {
            throw error == .cancelled ? .cancelled : .busy
        }
        defer { queue.leave(slot) }
        defer { warmUp() }
        let spare = state.withLock { state in
            defer { state.spare = nil }
            return state.spare
        }
        // The spare process may have died while idle: retry once with a new one.
        if let spare,
            let answer = try await perform(work, source, name: name, output: output, limits: limits, progress, spare)
        {
            return answer
        }
        let child: MediaChild
        do { child = try MediaChild(program) } catch { throw .fault("no media process can be started (\(error))") }
        if let answer = try await perform(work, source, name: name, output: output, limits: limits, progress, child) {
            return answer
        }
        throw .fault("no media process can be started from '\(program)'")
    }

    /// Has a process do a job.
    ///
    /// - Returns: nil if the process died before it read the file.
    private func perform(
        _ work: MediaJob.Work, _ source: (any ByteSource)?, name: String, output: Int32?, limits: Limits,
        _ progress: @escaping @Sendable (RunProgress) -> Void, _ child: MediaChild
    ) async throws(RunError) -> MediaSession.Answer? {
        guard !Task.isCancelled else { throw .cancelled }
        let session = MediaSession(
            child, work, source, name: name, output: output, limits: limits, isolation: isolation
        ) { [self] reply in
            switch reply {
            case .progress(let step) where step.isPlausible(limits): progress(step)
            case .locked(let restrictions) where restrictions.isPlausible: announce(restrictions)
            default: break
            }
        }
        let result = await session.run()
        child.kill()
        let end = await child.end()
        guard let result else {
            if Task.isCancelled { throw .cancelled }
            guard session.hasBegun else { return nil }
            let how = end.map { MediaChild.describe($0.status) } ?? "its end was not seen"
            logger.warning(
                "a media process died",
                metadata: ["how": "\(how)", "said": "\(end?.errorTail ?? "")", "file": "\(name)"])
            if end?.isOutOfTime == true { throw .tookTooLong(limit: limits.processorTime ?? limits.time) }
            throw .crashed(name, how: how)
        }
        guard result.isPlausible(limits) else {
            logger.warning("a media process gave an implausible answer", metadata: ["file": "\(name)"])
            throw .crashed(name, how: "an implausible answer")
        }
        return try result.get()
    }

    /// Says once what the system lets a media process give up.
    private func announce(_ restrictions: Restrictions) {
        let isFirst = state.withLock { state in
            defer { state.isAnnounced = true }
            return !state.isAnnounced
        }
        guard isFirst else { return }
        logger.info(
            "media processes are restricted",
            metadata: [
                "seccomp": "\(restrictions.filtersCalls)", "landlock": "\(restrictions.landlock)",
                "missing": .dictionary(restrictions.missing.mapValues { "\($0)" }),
            ])
    }
}
