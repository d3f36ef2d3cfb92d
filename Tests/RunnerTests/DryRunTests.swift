import Foundation
import GraphDSL
import Pipelines
import Runner
import Stages
import TestSupport
import Testing

@Suite(.serialized)
struct DryRunTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func dryRun(_ pipeline: Pipeline, _ clip: String) async throws -> DryRun {
        let manifest = try pipeline.compile(assets: Checkout.assets.catalog()).manifest
        // However slow the machine is: few frames are enough.
        return try await testRunner().dryRun(manifest, for: clip, sampleTime: 3600)
    }

    private func showcase() throws -> Pipeline {
        try #require(Catalog.cortina.pipelines.first { $0.name == "showcase" })
    }

    @Test("what is said of the output is what a run makes, and nothing is written")
    func output() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 1.5, size: "640x480")
        let dry = try await dryRun(try showcase(), clip)
        #expect(try scratch.names() == ["plain.mp4"])
        let out = scratch.path("out.mp4")
        let report = try await make(try showcase(), of: clip, to: out)
        #expect(dry.output.frames == report.frames && dry.output.duration == report.duration)
        #expect(dry.output.size == PictureSize(width: 1280, height: 720) && !dry.output.hasAudio)
        let bytes = try #require(dry.output.bytes)
        #expect((report.bytesWritten / 4...report.bytesWritten * 4).contains(bytes))
        #expect(dry.cost.sampledFrames > 0 && dry.cost.seconds != nil && dry.cost.memory > 20 << 20)
        #expect(dry.normalisations == report.normalisations)
    }

    @Test("bumpers that are in the cache cost nothing")
    func cached() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 1.5, size: "640x480")
        let runner = testRunner(cache: AssetCache(path: scratch.path("cache")))
        let manifest = try showcase().compile(assets: Checkout.assets.catalog()).manifest
        let cold = try await runner.dryRun(manifest, for: clip)
        #expect(cold.cost.encodedFrames == cold.output.frames)
        _ = try await runner.bake(manifest, sizes: [.hd1080])
        #expect(try await runner.dryRun(manifest, for: clip).cost.encodedFrames == 45)
    }

    @Test("the links are those that libavfilter negotiated, its own conversions too")
    func links() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 1, size: "640x480")
        let pipeline = Pipeline("gray", version: 1, summary: "A test") {
            Crop(to: .ratio(16, 9))
            RawFilter("colorchannelmixer", ["rr": 0.5])
        } output: {
            MP4(frameRate: 30)
        }
        let links = try await dryRun(pipeline, clip).links
        let first = try #require(links.first)
        #expect(first.from == "clip video" && first.size == PictureSize(width: 640, height: 480))
        #expect(first.timeBase == Rational(1, 15360) && first.frameRate == 30)
        let cropped = try #require(links.first { $0.from == "crop" })
        #expect(cropped.stage == "Crop" && cropped.size == PictureSize(width: 640, height: 360))
        // The mixer works on RGB alone.
        #expect(
            links.contains {
                $0.to == "colorchannelmixer" && $0.from == "scale (put in by libavfilter)" && $0.format != "yuv420p"
            })
        #expect(links.contains { $0.to == "output v" && $0.format == "yuv420p" })
        #expect(links.contains { $0.to == "output a" && $0.sampleRate == 48000 && $0.channelLayout == "stereo" })
    }

    @Test("it says what may not be meant: enlarging, bars, cut content, dropped sound")
    func advice() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 4, size: "320x240")
        let silent = Pipeline("silent", version: 1, summary: "A test") {
            Trim(to: .seconds(2), from: .seconds(0.5))
            Crop(to: .ratio(16, 9))
            Scale(to: .hd720)
            StripAudio()
            Bumper(.closing, .asset("brand/outro.mp4"))
        } output: {
            MP4(frameRate: 30)
        }
        #expect(
            try await dryRun(silent, clip).warnings == [
                "Trim leaves out the first 0.5 s and the last 1.5 s of 4.0 s",
                "Crop cuts away 25 % of the picture, above and below",
                "Scale enlarges the picture from 320x180 to 1280x720, 4.0 times: it will look soft",
                "the clip's sound is dropped: the output has none",
                "the sound of 'brand/outro.mp4' is dropped: the output has none",
            ])
        let padded = Pipeline("padded", version: 1, summary: "A test") {
            Pad(to: .size(PictureSize(width: 320, height: 180)))
        } output: {
            MP4(frameRate: 30)
        }
        #expect(
            try await dryRun(padded, clip).warnings == [
                "Pad puts bars left and right: the picture takes 75 % of the frame"
            ])
        let plain = Pipeline("plain", version: 1, summary: "A test") {
        } output: {
            MP4(frameRate: 30)
        }
        #expect(try await dryRun(plain, clip).warnings.isEmpty)
    }

    @Test("a first frame that is too far away leaves the time unknown")
    func farAway() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 120)
        let late = Pipeline("late", version: 1, summary: "A test") {
            Trim(to: .seconds(120), from: .seconds(119))
        } output: {
            MP4(frameRate: 30)
        }
        let manifest = try late.compile(assets: AssetCatalog()).manifest
        let dry = try await testRunner().dryRun(manifest, for: clip, sampleTime: 0)
        #expect(dry.cost.seconds == nil && dry.cost.sampledFrames == 0 && dry.output.frames == 30)
        #expect(dry.output.size == PictureSize(width: 320, height: 180))
    }

    @Test("cancelling ends a dry run")
    func cancellation() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 10, size: "1280x720")
        let manifest = try showcase().compile(assets: Checkout.assets.catalog()).manifest
        let task = Task { try await testRunner().dryRun(manifest, for: clip) }
        task.cancel()
        await #expect(throws: RunError.cancelled) { try await task.value }
    }

    @Test("libavfilter is asked for filters, options and values, and the near names are said")
    func findings() async throws {
        let pipeline = Pipeline("wrong", version: 1, summary: "A test") {
            RawFilter("huee", ["s": 1])
            RawFilter("hue", ["saturaton": 1])
            RawFilter("gblur", ["sigma": "a lot"])
            RawFilter("unsharp", ["la": 0.5])
        } output: {
            MP4(frameRate: 30)
        }
        let compilation = try pipeline.compile(assets: AssetCatalog())
        let findings = try await testRunner().findings(of: compilation.manifest)
        let lines = findings.map { $0.node.flatMap { compilation.places[$0] }?.location.line ?? 0 }
        #expect(lines == [lines[0], lines[0] + 1, lines[0] + 2])
        #expect(findings[0].message.hasPrefix("libavfilter has no filter 'huee'; did you mean 'hue'"))
        #expect(findings[1].message.hasPrefix("the filter 'hue' has no option 'saturaton'"))
        #expect(findings[2].message.hasPrefix("the filter 'gblur' does not take 'a lot' for its option 'sigma'"))
        let encoding = Pipeline("wrong", version: 1, summary: "A test") {
            RawFilter("hue")
        } output: {
            MP4(video: .h264(options: ["me_metod": "dia", "bf": "many", "aq-mode": "1"]), frameRate: 30)
        }
        let settings = try await testRunner().findings(of: encoding.compile(assets: AssetCatalog()).manifest)
        #expect(settings.map(\.node) == [nil, nil])
        #expect(settings[0].message.hasPrefix("the encoder 'libx264' does not take 'many' for its option 'bf'"))
        #expect(
            settings[1].message
                == "the encoder 'libx264' has no option 'me_metod'; did you mean 'me_method'?")
        for pipeline in Catalog.cortina.pipelines {
            let manifest = try pipeline.compile(assets: Checkout.assets.catalog()).manifest
            #expect(try await testRunner().findings(of: manifest).isEmpty)
        }
    }
}
