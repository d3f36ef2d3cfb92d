import Foundation
import GraphDSL
import Stages
import TestSupport
import Testing

@testable import Runner

/// Reading from a trim's beginning on gives what reading all gives.
struct SeekTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// A clip whose key frames are 45 frames apart, with B frames between them.
    private func clip(_ name: String, _ arguments: [String] = []) throws -> String {
        let path = scratch.path(name)
        let tool = try Tool.run(
            "ffmpeg",
            [
                "-y", "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i",
                "testsrc2=duration=12:size=320x240:rate=30", "-f", "lavfi", "-i",
                "aevalsrc=sin(2*PI*t*(200+40*t)):s=48000:d=12", "-c:v", "libx264", "-preset", "veryfast", "-g", "45",
                "-keyint_min", "45", "-sc_threshold", "0", "-pix_fmt", "yuv420p", "-c:a", "aac",
            ] + arguments + [path])
        #expect(tool.status == 0, "\(tool.errors)")
        return path
    }

    private static func pipeline(_ trim: Trim) -> Pipeline {
        Pipeline("part", version: 1, summary: "A test") {
            trim
            Scale(to: .size(PictureSize(width: 160, height: 120)))
        } output: {
            MP4(video: .h264(preset: .ultrafast), frameRate: 30)
        }
    }

    /// Runs a trim as it is planned, and with all of the clip read.
    ///
    /// - Returns: how many bytes of the clip were read each time.
    private func compare(
        _ trim: Trim, of clip: String, resampled: Bool = false
    ) async throws -> (part: Int64, whole: Int64) {
        let runner = testRunner()
        let manifest = try Self.pipeline(trim).compile(assets: Checkout.assets.catalog()).manifest
        let plan = try await runner.plan(manifest, for: clip)
        #expect(plan.inputs[0].from != nil)
        var whole = plan
        whole.inputs[0].from = nil
        whole.filterGraph.replace(/start_time=[0-9.]+/, with: "start_time=0")
        whole.filterGraph.replace(/first_pts=[0-9]+/, with: "first_pts=0")
        #expect(whole.filterGraph != plan.filterGraph)
        var read: [Int64] = []
        for (name, plan) in [("part.mp4", plan), ("whole.mp4", whole)] {
            let report = try await runner.run(plan, input: clip, output: scratch.path(name)).report()
            #expect(report.frames == trim.duration.frames(at: 30) && report.warnings == plan.warnings)
            read.append(report.bytesRead["upload"] ?? 0)
        }
        let (part, all) = (
            try DecodedClip(scratch.path("part.mp4"), keeping: { _ in true }),
            try DecodedClip(scratch.path("whole.mp4"), keeping: { _ in true })
        )
        #expect(part.pictures == all.pictures && part.times == all.times, "\(clip), from \(trim.start)")
        #expect(part.samples.count == all.samples.count && part.audioStart == all.audioStart)
        // The decoder and the encoder begin in other states: alike, not the same, and at the same time to the sample; a
        // resampler begins between two samples.
        let differences = (-2...2).map { Self.difference(part.samples, all.samples, lag: $0) }
        let least = (resampled ? differences[1...3] : differences[2...2]).min() ?? 1
        #expect(least < 0.01 && least == differences.min(), "\(clip), \(trim.start): \(differences)")
        return (read[0], read[1])
    }

    /// The root of the mean square of the differences of two sounds, one of which is moved.
    private static func difference(_ first: [Float], _ second: [Float], lag: Int) -> Double {
        let middle = 100..<(min(first.count, second.count) - 100)
        guard !middle.isEmpty else { return 1 }
        let sum = middle.reduce(0.0) { sum, index in
            let difference = Double(first[index] - second[index + lag])
            return sum + difference * difference
        }
        return (sum / Double(middle.count)).squareRoot()
    }

    @Test(
        "what a trim leaves is the same to the frame, wherever the key frames are",
        arguments: [1.2, 1.5, 4.49, 4.5, 4.51, 5.983, 6, 8.7])
    func exact(start: Double) async throws {
        let read = try await compare(
            Trim(to: 2, from: Seconds(start)), of: clip("clip.mp4", ["-movflags", "+faststart"]))
        if start > 4 { #expect(read.part < read.whole) }
    }

    @Test("of a clip of 30000/1001 or 50 frames a second, of variable rate, with an edit list, or a key frame never")
    func kinds() async throws {
        for (name, arguments) in [
            ("ntsc.mp4", ["-r", "30000/1001"]), ("fast.mp4", ["-r", "50"]),
            ("variable.mp4", ["-vf", "select=not(eq(mod(n\\,7)\\,3))", "-fps_mode", "vfr"]),
            ("once.mp4", ["-g", "1000", "-keyint_min", "1000"]),
            ("sound.mp4", ["-ar", "44100"]),
        ] {
            let read = try await compare(
                Trim(to: 3, from: 5.3), of: clip(name, arguments), resampled: name == "sound.mp4")
            if name != "once.mp4" { #expect(read.part < read.whole, "\(name)") }
        }
        // Cut between key frames without encoding: an edit list hides what comes before.
        let late = scratch.path("late.mp4")
        let tool = try Tool.run(
            "ffmpeg",
            ["-y", "-nostdin", "-loglevel", "error", "-ss", "0.7", "-i", clip("all.mp4"), "-c", "copy", late])
        #expect(tool.status == 0, "\(tool.errors)")
        #expect(try await testRunner().probe(late).hiddenFrames > 0)
        let read = try await compare(Trim(to: 3, from: 5.3), of: late)
        #expect(read.part < read.whole)
    }

    @Test("what is made faster before it is trimmed, or whose neighbours are looked at, is read whole")
    func others() async throws {
        let clip = try clip("clip.mp4")
        let twice = Pipeline("quick", version: 1, summary: "A test") {
            Speed(2)
            Trim(to: 2, from: 3)
        } output: {
            MP4(frameRate: 30)
        }
        let manifest = try twice.compile(assets: Checkout.assets.catalog()).manifest
        #expect(try await testRunner().plan(manifest, for: clip).inputs[0].from == nil)
        let interlaced = try self.clip("fields.mp4", ["-vf", "setfield=tff", "-flags", "+ilme+ildct"])
        let trimmed = try Self.pipeline(Trim(to: 1, from: 5)).compile(assets: Checkout.assets.catalog()).manifest
        #expect(try await testRunner().plan(trimmed, for: interlaced).inputs[0].from == nil)
    }
}
