import Foundation
import GraphDSL
import Stages
import TestSupport
import Testing

@testable import Runner

/// The tasks of a run and the queues between them, with sound and with segments.
struct SchedulerTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let pipeline = Pipeline("scheduled", version: 1, summary: "A test") {
        Scale(to: .size(PictureSize(width: 160, height: 90)))
        Bumper(.opening, .asset("brand/intro.mp4"))
        Bumper(.closing, .asset("brand/outro.mp4"))
    } output: {
        MP4(video: .h264(preset: .ultrafast), frameRate: 30)
    }

    private func run(_ disturbance: Disturbance?, to name: String) async throws -> RunReport {
        var runner = testRunner()
        runner.disturbance = disturbance
        return try await make(
            Self.pipeline, of: Checkout.fixture("plain.mp4"), to: scratch.path(name), with: runner)
    }

    @Test("queues that hold one thing each give the same video")
    func shortQueues() async throws {
        let usual = try await run(nil, to: "usual.mp4")
        let short = try await run(Disturbance(queueCapacity: 1), to: "short.mp4")
        #expect(usual.frames == 165)
        #expect(short.frames == 165)
        let (first, second) = (
            try DecodedClip(scratch.path("usual.mp4"), keeping: { $0 % 20 == 0 }),
            try DecodedClip(scratch.path("short.mp4"), keeping: { $0 % 20 == 0 })
        )
        #expect(first.pictures.count == 9 && first.times == second.times && first.errors == 0 && second.errors == 0)
        #expect(first.pictures == second.pictures)
    }

    @Test(
        "a failure in any task, at its first piece of work or later, ends the run with that error and leaves nothing",
        arguments: ["demux", "decode", "filter", "encode", "mux", "segments"], [0, 7])
    func failures(kind: String, piece: Int) async throws {
        // The segments are one piece of work.
        guard kind != "segments" || piece == 0 else { return }
        for capacity in [nil, 1] {
            await #expect(throws: Disturbance.error(kind)) {
                try await run(
                    Disturbance(queueCapacity: capacity, failing: kind, piece: piece), to: "failed.mp4")
            }
            #expect(try scratch.names().isEmpty)
        }
    }
}
