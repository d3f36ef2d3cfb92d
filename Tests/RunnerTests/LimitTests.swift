import Foundation
import GraphDSL
import LibAV
import Runner
import Stages
import TestSupport
import Testing

/// What may be taken of a file and of the machine, and the errors that say what was too much.
@Suite(.serialized)
struct LimitTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private let copy = Pipeline("copy", version: 1, summary: "A test") {
    } output: {
        MP4(video: .h264(preset: .ultrafast), frameRate: 30)
    }

    /// Runs a pipeline on a fixture within limits and returns the error that it must end with.
    private func error(
        _ limits: Limits, of clip: String = Checkout.fixture("mono.mp4"), _ pipeline: Pipeline? = nil
    ) async throws -> RunError? {
        let manifest = try (pipeline ?? copy).compile(assets: AssetCatalog()).manifest
        // The process's memory is shared with the tests that run beside.
        var limits = limits
        if limits.memory == Limits().memory { limits.memory = 16 << 30 }
        let runner = testRunner(limits: limits)
        let output = scratch.path("out.mp4")
        let error = await #expect(throws: RunError.self) {
            let plan = try await runner.plan(manifest, for: clip)
            _ = try await runner.run(plan, input: clip, output: output).report()
        }
        #expect(try !scratch.names().contains { $0.contains("out") }, "no output is left")
        #expect(error?.blame == .input)
        return error
    }

    @Test("a picture of too many pixels")
    func pictureArea() async throws {
        let clip = Checkout.fixture("mono.mp4")
        #expect(
            try await error(Limits(pictureArea: 320 * 180 - 1))
                == .pictureTooLarge(clip, PictureSize(width: 320, height: 180), limit: 320 * 180 - 1))
        // What stretched pixels make of a picture counts too.
        let stretched = Checkout.fixture("anamorphic.mp4")
        #expect(
            try await error(Limits(pictureArea: 300 * 180), of: stretched)
                == .pictureTooLarge(stretched, PictureSize(width: 320, height: 180), limit: 300 * 180))
    }

    @Test("a file of too many streams")
    func streams() async throws {
        let clip = Checkout.fixture("mono.mp4")
        #expect(try await error(Limits(streams: 1)) == .tooManyStreams(clip, limit: 1))
        let maps = Array(repeating: "-map 0:v", count: 70).joined(separator: " ")
        for name in ["crowd.mkv", "crowd.mp4", "crowd.ts"] {
            let crowd = try TestClip.make(name, in: scratch, "-i \(Checkout.fixture("no-sound.mp4")) \(maps) -c copy")
            #expect(try await error(Limits(), of: crowd) == .tooManyStreams(crowd, limit: 64))
        }
    }

    @Test("a file that does not say what it is in time")
    func probeBytes() async throws {
        let clip = try TestClip.make(
            "large.mp4", in: scratch, "-f lavfi -i testsrc2=s=1280x720:r=30:d=1 -c:v libx264 -preset ultrafast -crf 1")
        #expect(try await error(Limits(probeBytes: 1000), of: clip) == .probeTooLong(clip, limit: 1000))
    }

    @Test("a clip of too many frames, planned or decoded")
    func frames() async throws {
        let clip = Checkout.fixture("mono.mp4")
        #expect(try await error(Limits(frames: 14)) == .tooManyFrames(clip, limit: 14))
        let late = Pipeline("late", version: 1, summary: "A test") {
            Trim(to: 0.1, from: 0.4)
            StripAudio()
        } output: {
            MP4(video: .h264(preset: .ultrafast), frameRate: 30)
        }
        #expect(try await error(Limits(frames: 5), of: clip, late) == .tooManyFrames(clip, limit: 5))
    }

    @Test("work that takes too long")
    func time() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 60, size: "1280x720", audio: false)
        let slow = Pipeline("slow", version: 1, summary: "A test") {
        } output: {
            MP4(video: .h264(preset: .veryslow, alwaysEncodes: true), frameRate: 30)
        }
        #expect(try await error(Limits(time: 0.5), of: clip, slow) == .tookTooLong(limit: 0.5))
    }

    @Test("an output that grows too large")
    func outputBytes() async throws {
        #expect(
            try await error(Limits(outputBytes: 5000)) == .outputTooLarge(scratch.path("out.mp4"), limit: 5000))
    }

    @Test("a share of damaged frames")
    func undecodableShare() async throws {
        let clip = Checkout.fixture("damaged-little.mp4")
        let error = try await error(Limits(undecodableShare: 0), of: clip)
        guard case .damaged(clip, let share, limit: 0) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(share > 0 && share < 0.5)
    }
}

/// Errors that no limit causes; those of assets, parameters and outputs are in `RunTests`.
struct RunErrorTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func error(_ clip: String, _ stages: [PlacedStage] = []) async throws -> RunError? {
        let pipeline = Pipeline("test", version: 1, summary: "A test") {
            stages
        } output: {
            MP4(video: .h264(preset: .ultrafast), frameRate: 30)
        }
        let folder = AssetFolder(path: scratch.folder.path)
        return await #expect(throws: RunError.self) {
            try await make(pipeline, of: clip, to: scratch.path("out.mp4"), assets: folder)
        }
    }

    @Test("a still picture is no video")
    func still() async throws {
        let picture = try TestClip.make("photo.png", in: scratch, "-f lavfi -i color=red:s=64x64 -frames:v 1")
        #expect(try await error(picture) == .stillPicture(picture))
    }

    @Test("a codec that nobody records in is refused by its name")
    func codec() async throws {
        let clip = try TestClip.make("old.avi", in: scratch, "-f lavfi -i testsrc2=s=64x64:r=5:d=1 -c:v cinepak")
        #expect(try await error(clip) == .unsupportedCodec(clip, codec: "cinepak"))
    }

    @Test("a picture whose media is not in the file is one that cannot be decoded")
    func undecodable() async throws {
        let clip = Checkout.fixture("external-reference.mp4")
        #expect(try await error(clip) == .undecodable(clip, codec: "h264"))
    }

    @Test("a pipeline that leaves nothing of a clip says so")
    func unsuitable() async throws {
        let stage = PlacedStage(Trim(to: 5, from: 30), at: SourceLocation(file: "T.swift", line: 1))
        let error = try await error(Checkout.fixture("plain.mp4"), [stage])
        #expect(
            error?.classification.code == .unsuitable
                && error?.description.contains("nothing of the clip is left") == true)
    }

    @Test("an input that the system will not open is told from one that is not there")
    func unreadable() async throws {
        let loop = scratch.path("loop.mp4")
        try FileManager.default.createSymbolicLink(atPath: loop, withDestinationPath: loop)
        #expect(try await error(loop) == .unreadableInput(loop, errno: ELOOP))
    }

    @Test("an asset that is no video cannot be a bumper")
    func asset() async throws {
        try Data("no film".utf8).write(to: scratch.folder.appending(path: "intro.mp4"))
        let stage = PlacedStage(Bumper(.opening, .asset("intro.mp4")), at: SourceLocation(file: "T.swift", line: 1))
        let error = try await error(Checkout.fixture("plain.mp4"), [stage])
        guard case .unusableAsset = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.blame == .program)
    }

    @Test("a filter that libavfilter does not have is our fault, not the file's")
    func fault() async throws {
        let stage = PlacedStage(RawFilter("no_such_filter"), at: SourceLocation(file: "T.swift", line: 1))
        let error = try await error(Checkout.fixture("plain.mp4"), [stage])
        #expect(error?.classification.code == .fault && error?.classification.isWorthRetrying == true)
    }

    @Test("every code has an example, with a sentence of one line")
    func examples() {
        #expect(Set(RunError.examples.map(\.classification.code)) == Set(RunError.Code.allCases))
        for error in RunError.examples {
            #expect(!error.description.contains("\n") && error.description.count > 20)
        }
    }
}
