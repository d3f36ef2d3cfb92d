import Foundation
import GraphDSL
import LibAV
import Stages
import TestSupport
import Testing

@testable import Runner

/// Clips of a few frames between bumpers.
struct ShortClipTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let size = PictureSize(width: 64, height: 36)

    private static func pipeline(frames: Int, options: [String: String], sound: Bool) -> Pipeline {
        Pipeline("short", version: 1, summary: "A test") {
            Trim(to: Seconds(Double(frames) / 30))
            Scale(to: .size(size))
            if !sound { StripAudio() }
            Bumper(.opening, .asset("brand/intro.mp4"), silent: true)
            Bumper(.closing, .asset("brand/outro.mp4"), silent: true)
        } output: {
            MP4(video: .h264(preset: .veryfast, options: options), frameRate: 30)
        }
    }

    @Test(
        "bodies of 1 to 70 frames are joined, whatever the B frames, with sound and without",
        arguments: [
            ["bf": "0"], ["bf": "1"], ["bf": "2", "b-pyramid": "none"], ["bf": "3"], ["bf": "3", "b_strategy": "0"],
            ["bf": "16", "b_strategy": "0"],
        ])
    func joins(options: [String: String]) async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 3, size: "64x36")
        let runner = testRunner(cache: AssetCache(path: scratch.path("cache")))
        for frames in 1...70 {
            let output = scratch.path("out.mp4")
            let sound = frames.isMultiple(of: 2)
            try await make(
                Self.pipeline(frames: frames, options: options, sound: sound), of: clip, to: output, with: runner)
            let demuxer = try Demuxer(FileByteSource(path: output), cancellation: CancellationFlag())
            let video = try #require(demuxer.streams.first { $0.codec == "h264" })
            #expect(demuxer.streams.count == (sound ? 2 : 1))
            var decoded: [Int64] = []
            var shown: [Int64] = []
            let step = Fraction(1, 30).rescale(1, to: video.timeBase)
            while let packet = try demuxer.next() {
                guard packet.stream == video.index else { continue }
                decoded.append(try #require(packet.dts))
                shown.append(try #require(packet.pts))
            }
            #expect(zip(decoded, decoded.dropFirst()).allSatisfy { $0 < $1 }, "\(frames) frames")
            #expect(zip(decoded, shown).allSatisfy { $0 <= $1 }, "\(frames) frames")
            #expect(shown.sorted() == (0..<Int64(frames + 150)).map { $0 * step }, "\(frames) frames")
            guard [1, 2, 3, 17, 70].contains(frames) else { continue }
            let made = try DecodedClip(output)
            #expect(made.errors == 0 && made.frameCount == frames + 150)
        }
    }

    @Test("decode times rise over a stream that is shorter than the delay, and go on behind it")
    func decodeClock() {
        for (delay, frames) in [(0, 1), (1, 1), (2, 1), (2, 2), (2, 3), (2, 9), (16, 5)] {
            var clock = DecodeClock(delay: delay)
            for time in 0..<frames { clock.show(at: Int64(time)) }
            let times = (0..<frames).map { _ in clock.next() }
            #expect(times == (0..<frames).map { Int64($0 - delay) })
        }
        // A hole in time: nothing is decoded after it is shown.
        var clock = DecodeClock(delay: 1)
        for time in [0, 5, 6] { clock.show(at: Int64(time)) }
        #expect((0..<3).map { _ in clock.next() } == [-1, 0, 5])
    }

    @Test(
        "a clip of one or two frames has as many between its bumpers, in every container",
        arguments: ["mp4", "mkv", "ts", "avi"], [false, true])
    func containers(container: String, sound: Bool) async throws {
        for frames in 1...2 {
            let clip = try TestClip.make(
                "clip.\(container)", in: scratch,
                "-f lavfi -i testsrc2=s=320x180:r=30 "
                    + (sound ? "-f lavfi -i sine=f=440:r=48000 -t \(Double(frames) / 30) " : "")
                    + "-frames:v \(frames) -pix_fmt yuv420p -c:v libx264 -preset ultrafast")
            for name in ["showcase@3", "interview@1", "showcase-fit@1"] {
                let report = try await run(publishedManifest(name), of: clip, to: scratch.path("out.mp4"))
                #expect(report.frames == 150 + frames, "\(name)")
                #expect(try DecodedClip(scratch.path("out.mp4")).frameCount == 150 + frames, "\(name)")
            }
        }
    }

    @Test("a transport stream of nine packets is told from the picture in it")
    func smallTransportStream() async throws {
        let clip = try TestClip.make(
            "clip.ts", in: scratch,
            "-f lavfi -i testsrc2=s=320x180:r=50 -frames:v 1 -pix_fmt yuv420p -c:v mpeg2video -q:v 4")
        #expect(try await testRunner().probe(clip).container == "mpegts")
        let report = try await run(publishedManifest("showcase@3"), of: clip, to: scratch.path("out.mp4"))
        #expect(report.frames == 151)
    }

    @Test(
        "frames that come too fast for the output leave one at least, and are told as variable where they are few",
        arguments: [("604", 31, 2, false), ("25000", 5, 1, true), ("1000", 3, 1, true)])
    func fast(rate: String, frames: Int, expected: Int, variable: Bool) async throws {
        let clip = try TestClip.make(
            "clip.mp4", in: scratch,
            "-f lavfi -i testsrc2=s=320x180:r=\(rate) -frames:v \(frames) -pix_fmt yuv420p -c:v libx264 "
                + "-preset ultrafast -video_track_timescale 90000")
        let info = try await testRunner().probe(clip)
        #expect(info.video?.isVariableFrameRate == variable)
        for name in ["showcase@3", "interview@1"] {
            let report = try await run(publishedManifest(name), of: clip, to: scratch.path("out.mp4"))
            #expect(report.frames == 150 + expected, "\(name)")
        }
    }

    @Test("fades of a short clip take half of it at most, and those shorter than a frame are left out")
    func fades() async throws {
        for frames in [1, 3, 4, 5, 20] {
            let clip = try TestClip.make(
                "white.mp4", in: scratch,
                "-f lavfi -i color=white:s=64x36:r=30 -f lavfi -i sine=f=440:r=48000 -t \(Double(frames) / 30) "
                    + "-frames:v \(frames) -pix_fmt yuv420p -c:v libx264 -crf 5 -c:a aac")
            let pipeline = Pipeline("fades", version: 1, summary: "A test") {
                Fade(in: 0.5, out: 0.5)
            } output: {
                MP4(video: .h264(preset: .ultrafast, crf: 4), frameRate: 30)
            }
            let output = scratch.path("out.mp4")
            try await make(pipeline, of: clip, to: output)
            let made = try DecodedClip(output, keeping: { _ in true })
            #expect(made.frameCount == frames)
            let bright = try (0..<frames).map { try #require(made.pictures[$0]).mean() }.count { $0 > 225 }
            #expect(bright * 2 >= frames, "\(bright) of \(frames) frames are bright")
        }
    }

    @Test("a long clip's fades stay as they are written")
    func longFades() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 2, audio: false)
        let plan = try await testRunner().plan(publishedManifest("interview@1"), for: clip)
        #expect(
            plan.filterGraph.contains("fade=d=0.5:st=0:t=in") && plan.filterGraph.contains("fade=d=0.5:st=1.5:t=out"))
        #expect(!plan.advice.contains { $0.contains("shortened") })
        let short = try TestClip.plain("short.mp4", in: scratch, seconds: 1, audio: false)
        let shortened = try await testRunner().plan(publishedManifest("interview@1"), for: short)
        #expect(shortened.filterGraph.contains("fade=d=0.25:st=0.75:t=out"))
        #expect(shortened.advice.contains("Fade is shortened: its fades take half of the clip's 1 s"))
    }

    @Test("the last frame is held where a rate is made constant behind a trim or a watermark")
    func heldEnds() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 1, audio: false)
        for rate in [0.25, 0.5, 2] {
            let pipeline = Pipeline("held", version: 1, summary: "A test") {
                Trim(to: 0.5)
                Watermark(.asset("brand/watermark.png"), at: .topTrailing, inset: 10, width: 50)
                Speed(rate)
            } output: {
                MP4(video: .h264(preset: .ultrafast), frameRate: 30)
            }
            #expect(
                try await make(pipeline, of: clip, to: scratch.path("out.mp4")).frames == Int((15 / rate).rounded()))
        }
    }
}
