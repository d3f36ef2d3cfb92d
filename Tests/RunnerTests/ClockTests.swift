import Foundation
import GraphDSL
import LibAV
import Stages
import TestSupport
import Testing

@testable import Runner

/// Clips whose containers have odd times, or none.
struct ClockTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private let nothing = Pipeline("nothing", version: 1, summary: "A test") {
    } output: {
        MP4(video: .h264(preset: .ultrafast, crf: 4), frameRate: 30)
    }

    /// White and loud for a tenth of each second, from its beginning.
    private static let flashes =
        "-f lavfi -i color=black:s=320x180:r=30:d=4,drawbox=c=white:t=fill:enable='lt(mod(t\\,1)\\,0.1)' "
        + "-f lavfi -i aevalsrc='if(lt(mod(t\\,1)\\,0.1)\\,0.5*sin(2*PI*1000*t)\\,0)':s=48000:d=4 -pix_fmt yuv420p "

    /// What video, sound and container AVI and others are written with.
    static let decodeTimed = [
        ("mpeg4.avi", "-c:v mpeg4 -bf 2 -q:v 3 -c:a libmp3lame"),
        ("xvid.avi", "-c:v libxvid -bf 2 -q:v 3 -c:a libmp3lame"),
        ("h264.avi", "-c:v libx264 -c:a libmp3lame"), ("mpeg2.avi", "-c:v mpeg2video -bf 2 -q:v 3 -c:a mp2"),
        ("plain.avi", "-c:v mpeg4 -bf 0 -q:v 3 -c:a libmp3lame"), ("mjpeg.avi", "-c:v mjpeg -q:v 3 -c:a libmp3lame"),
        ("pcm.avi", "-c:v mpeg4 -bf 1 -q:v 3 -c:a pcm_s16le"), ("mpeg2.mpg", "-c:v mpeg2video -bf 2 -q:v 3 -c:a mp2"),
        ("mpeg2.mkv", "-c:v mpeg2video -bf 2 -q:v 3 -c:a mp2"), ("h264.mpg", "-c:v libx264 -bf 3 -c:a mp2"),
        ("mpeg4.mpg", "-c:v mpeg4 -bf 2 -q:v 3 -c:a mp2"),
    ]

    @Test("picture and sound are in step, evenly, where there are decode times only", arguments: decodeTimed)
    func inStep(name: String, codecs: String) async throws {
        let clip = try TestClip.make(name, in: scratch, Self.flashes + codecs)
        try await hold(clip, frames: codecs.contains("xvid") ? 116...120 : 120...120)
        guard name == "mpeg4.avi" else { return }
        // As players of the time wanted it unpacked.
        let unpacked = try TestClip.make(
            "unpacked.avi", in: scratch, "-i \(clip) -c copy -bsf:v mpeg4_unpack_bframes")
        try await hold(unpacked, frames: 120...120)
    }

    private func hold(_ clip: String, frames: ClosedRange<Int>) async throws {
        let output = scratch.path("out.mp4")
        try await make(nothing, of: clip, to: output)
        let made = try DecodedClip(output, keeping: { _ in true })
        #expect(frames.contains(made.frameCount), "\(made.frameCount) frames")
        let lumas = try (0..<made.frameCount).map { try #require(made.pictures[$0]).mean() }
        let flashes = lumas.indices.filter { lumas[$0] > 120 && ($0 == 0 || lumas[$0 - 1] <= 120) }
        #expect(flashes == [0, 30, 60, 90])
        // MP3 without its delay taken off would be 23 ms late.
        for flash in flashes {
            let begin = max(0, Int((Double(flash) / 30 - 0.5 - made.audioStart) * 48_000))
            let heard = try #require(made.samples[begin...].firstIndex { abs($0) > 0.1 })
            let late = Double(heard) / 48_000 + made.audioStart - Double(flash) / 30
            #expect(abs(late) < (clip.hasSuffix("avi") ? 0.012 : 0.02), "\(late) s late")
        }
    }

    @Test(
        "chunks that were dropped hold the frame that was shown before them, though frames are reordered",
        arguments: ["-c:v mpeg4 -bf 2 -q:v 2", "-c:v libx264 -bf 3 -b_strategy 0 -crf 4"])
    func dropped(codec: String) async throws {
        let clip = try TestClip.make(
            "dropped.avi", in: scratch,
            "-f lavfi -i nullsrc=s=64x64:r=30:d=1.5,geq=lum=30+4*N:cb=128:cr=128 "
                + "-vf select='not(between(n\\,10\\,19))' -fps_mode vfr -pix_fmt yuv420p -color_range tv "
                + "-colorspace bt709 -color_primaries bt709 -color_trc bt709 \(codec)")
        let output = scratch.path("out.mp4")
        try await make(nothing, of: clip, to: output)
        let made = try DecodedClip(output, keeping: { _ in true })
        let expected = Array(0...9) + Array(repeating: 9, count: 10) + Array(20...44)
        #expect(made.frameCount == expected.count)
        let shown = try (0..<made.frameCount).map { number in
            ((try #require(made.pictures[number]).mean() - 30) / 4).rounded()
        }
        #expect(zip(shown, expected).allSatisfy { abs($0 - Double($1)) <= 1 }, "\(shown)")
    }

    @Test(
        "a hold in a stream of constant packets makes it variable, and it lasts to its last frame",
        arguments: ["mkv", "ts", "mp4"])
    func hold(container: String) async throws {
        let source = try TestClip.make(
            "hold.mp4", in: scratch,
            "-f lavfi -i testsrc2=s=64x36:r=30:d=6 -vf select='lt(t\\,2)+gte(t\\,4.4)' -fps_mode vfr -pix_fmt yuv420p -c:v libx264"
        )
        let clip =
            container == "mp4" ? source : try TestClip.make("copy.\(container)", in: scratch, "-i \(source) -c copy")
        let info = try await testRunner().probe(clip)
        #expect(info.video?.isVariableFrameRate == true)
        #expect(abs((info.duration ?? .zero).value - 6) < 0.002, "\(String(describing: info.duration))")
        let report = try await run(publishedManifest("interview@1"), of: clip, to: scratch.path("out.mp4"))
        #expect(report.frames == 150 + 180)
    }

    @Test("a frame rate says where it comes from")
    func rateBasis() async throws {
        let constant = try await testRunner().probe(Checkout.fixture("plain.mp4"))
        #expect(constant.video?.frameRateBasis == .container(frames: 15))
        let clip = try TestClip.make(
            "fast.mp4", in: scratch,
            "-f lavfi -i testsrc2=s=64x36:r=604 -frames:v 30 -pix_fmt yuv420p -c:v libx264 -video_track_timescale 90000"
        )
        let fast = try #require(try await testRunner().probe(clip).video)
        #expect(fast.frameRateBasis == .times(frames: 30) && abs(fast.frameRate.value - 604) < 1)
    }

    @Test(
        "an edit begins with its own first frame, whatever key frames there are before it",
        arguments: ["edit-late-key.mp4", "edit-late-key-b.mp4"])
    func editList(name: String) async throws {
        let output = scratch.path("out.mp4")
        let report = try await make(nothing, of: Checkout.fixture(name), to: output)
        // The scene's frames 12 to 19, of 20; the key frame before the edit is frame 11.
        #expect(report.frames == 8)
        let made = try DecodedClip(output, keeping: { _ in true })
        let long = try TestClip.make(
            "scene.mp4", in: scratch, "-f lavfi -i testsrc2=s=320x180:r=30:d=0.7 -pix_fmt yuv420p -c:v libx264 -crf 4")
        let scene = try DecodedClip(long, keeping: { _ in true })
        for (number, frame) in [(0, 12), (1, 13), (7, 19)] {
            let likeness = try (11...19).map {
                ssim(try #require(made.pictures[number]), try #require(scene.pictures[$0]))
            }
            #expect(likeness.firstIndex(of: likeness.max() ?? 0) == frame - 11, "frame \(number): \(likeness)")
        }
    }
}
