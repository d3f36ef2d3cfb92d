import GraphDSL
import Runner
import Stages
import TestSupport
import Testing

/// What a clip's pictures take of the processors.
struct PictureLoadTests {
    @Test(
        "decoding is the larger part of the work with large clips and fast presets",
        arguments: [
            (PictureSize(width: 1920, height: 1080), 30 as Rational, VideoEncoding.Preset.veryfast, true),
            (PictureSize(width: 1920, height: 1080), 30, .medium, false),
            (PictureSize(width: 3840, height: 2160), 60, .medium, true),
            (PictureSize(width: 1280, height: 720), 30, .veryfast, false),
            (PictureSize(width: 1280, height: 720), 30, .ultrafast, true),
        ])
    func decoding(size: PictureSize, rate: Rational, preset: VideoEncoding.Preset, isMost: Bool) async throws {
        var info = try await testRunner().probe(Checkout.fixture("plain.mp4"))
        info.video?.codedSize = size
        info.video?.frameRate = rate
        let pipeline = Pipeline("test", version: 1, summary: "A test") {
            Scale(to: .hd720)
        } output: {
            MP4(video: .h264(preset: preset), frameRate: 30)
        }
        let plan = try Binder.bind(
            pipeline.compile(assets: AssetCatalog()).manifest, to: info, named: "clip.mp4", assets: [:])
        #expect(plan.isMostlyDecoding(for: .hd720) == isMost)
    }
}
