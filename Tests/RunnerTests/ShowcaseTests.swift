import Foundation
import GraphDSL
import LibAV
import Pipelines
import Runner
import TestSupport
import Testing

/// The published manifest of a pipeline.
func publishedManifest(_ name: String) throws -> Manifest {
    try Manifest(json: Data(contentsOf: Checkout.root.appending(path: "pipelines/published/\(name).json")))
}

/// Runs a published pipeline.
@discardableResult
func run(
    _ manifest: Manifest, of clip: String, to output: String, assets: AssetFolder = Checkout.assets
) async throws -> RunReport {
    let runner = testRunner(assets: assets)
    let plan = try await runner.plan(manifest, for: clip)
    return try await runner.run(plan, input: clip, output: output).report()
}

@Suite(.serialized)
struct ShowcaseTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Checks everything that `showcase` promises of its output, and returns it with its first, last and some body frames.
    private func check(_ clip: String, seconds: Double) async throws -> DecodedClip {
        let output = scratch.path("out.mp4")
        let report = try await run(publishedManifest("showcase@1"), of: clip, to: output)
        let expected = Int((30 * (min(30, seconds) + 5)).rounded())
        let last = report.frames - 1
        let decoded = try DecodedClip(output, keeping: { [0, 74, 75, 300, last - 75, last - 74, last].contains($0) })
        let video = try #require(decoded.video)
        #expect(abs(decoded.frameCount - expected) <= 1, "\(decoded.frameCount) frames, \(expected) expected")
        #expect(report.frames == decoded.frameCount)
        #expect(decoded.errors == 0)
        #expect(decoded.streams.map(\.codec) == ["h264"])
        #expect(video.pixelFormat == "yuv420p" && (video.width, video.height) == (1280, 720))
        #expect(video.sampleAspect == Fraction(1, 1))
        #expect((video.averageFrameRate, video.baseFrameRate) == (Fraction(30, 1), Fraction(30, 1)))
        #expect((video.colourSpace, video.colourRange) == ("bt709", "tv"))
        let step = Fraction(1, 30).rescale(1, to: decoded.timeBase)
        #expect(decoded.times == (0..<Int64(decoded.frameCount)).map { $0 * step })
        let boxes = try mp4Boxes(output)
        let (index, media) = (try #require(boxes.firstIndex(of: "moov")), try #require(boxes.firstIndex(of: "mdat")))
        #expect(index < media)
        try checkBumpers(decoded, last: last)
        return decoded
    }

    /// The first and last frames are the bumpers' own.
    private func checkBumpers(_ decoded: DecodedClip, last: Int) throws {
        let intro = try DecodedClip(Checkout.file("assets/brand/intro.mp4"), keeping: { [0, 74].contains($0) })
        let outro = try DecodedClip(Checkout.file("assets/brand/outro.mp4"), keeping: { [0, 74].contains($0) })
        for (number, asset, frame) in [(0, intro, 0), (74, intro, 74), (last - 74, outro, 0), (last, outro, 74)] {
            let similarity = ssim(try #require(decoded.pictures[number]), try #require(asset.pictures[frame]))
            #expect(similarity > 0.97, "frame \(number): \(similarity)")
        }
    }

    @Test("the sample clip comes out as showcase promises")
    func sample() async throws {
        let clip = Checkout.file("assets/samples/rally.mp4")
        let decoded = try await check(clip, seconds: 25)
        // Its body is the clip's own picture, but for the corner with the watermark.
        let reference = try DecodedClip(
            try TestClip.make("scaled.mp4", in: scratch, "-i \(clip) -t 8 -an -vf scale=1280:720 -crf 12"),
            keeping: { $0 == 225 })
        let (ours, theirs) = (try #require(decoded.pictures[300]), try #require(reference.pictures[225]))
        #expect(ssim(ours, theirs) > 0.95)
    }

    @Test("the watermark is on the body and not on the bumpers")
    func watermark() async throws {
        let black = try TestClip.colour("black", "black.mp4", in: scratch, seconds: 1, size: "1280x720")
        let output = scratch.path("out.mp4")
        try await run(publishedManifest("showcase@1"), of: black, to: output)
        let decoded = try DecodedClip(output, keeping: { [0, 74, 75, 104, 105, 179].contains($0) })
        let plain = try DecodedClip(
            Checkout.file("assets/brand/intro.mp4"), keeping: { [0, 74].contains($0) })
        // 150 pixels wide, 10 from the top and the right edge.
        func corner(_ picture: DecodedClip.Picture) -> Double {
            picture.mean(x: 1120.0 / 1280...1270.0 / 1280, y: 10.0 / 720...50.0 / 720)
        }
        for body in [75, 104] {
            let picture = try #require(decoded.pictures[body])
            #expect(corner(picture) > 40)
            #expect(picture.mean(x: 0...0.85) < 17 && picture.mean(y: 0.1...1) < 17)
        }
        for (frame, number) in [(0, 0), (74, 74)] {
            let (ours, theirs) = (try #require(decoded.pictures[frame]), try #require(plain.pictures[number]))
            #expect(abs(corner(ours) - corner(theirs)) < 1.5)
        }
    }

    @Test(
        "of a long clip only what is needed is read, where it is encoded and where it is passed on",
        arguments: [true, false])
    func reading(alwaysEncodes: Bool) async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 60, size: "640x360", audio: false)
        let pipeline = Pipeline("test", version: 1, summary: "A test") {
            Trim2(seconds: 2)
        } output: {
            MP4(video: .h264(preset: .ultrafast, alwaysEncodes: alwaysEncodes), frameRate: 30)
        }
        let report = try await make(pipeline, of: clip, to: scratch.path("out.mp4"))
        // A queue may be full beyond the end of the trim, and is not: a second's packets are more than decoding asks for.
        let listing = try Tool.run(
            "ffprobe", ["-v", "error", "-show_entries", "packet=dts_time,size", "-of", "csv=p=0", clip])
        let needed = listing.output.split(separator: "\n").reduce(0) { sum, line in
            let values = line.split(separator: ",").compactMap { Double($0) }
            return values.count == 2 && values[0] < 3 ? sum + Int(values[1]) : sum
        }
        #expect(try #require(report.bytesRead["upload"]) < needed)
    }
}

/// A trim without the module of stages: what an outsider would write.
private struct Trim2: Stage {
    var seconds: Seconds
    static let descriptor = StageDescriptor("trim2", "Keeps the first part", example: "Trim2(seconds: 2)")

    func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        var clip = clip
        clip.video = graph.filter(.trim(to: seconds), on: clip.video)
        clip.audio = nil
        return clip
    }
}
