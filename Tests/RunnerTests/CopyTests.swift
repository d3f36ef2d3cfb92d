import Foundation
import GraphDSL
import Stages
import TestSupport
import Testing

@testable import Runner

/// Where no stage changes a pixel, the clip's own packets are the output's.
struct CopyTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let tags = "-color_range tv -colorspace bt709 -color_primaries bt709 -color_trc bt709"

    /// Six seconds with a key frame every second and B frames between them.
    private func clip(_ name: String = "clip.mp4", _ arguments: String = "") throws -> String {
        try TestClip.make(
            name, in: scratch,
            "-f lavfi -i testsrc2=s=320x180:r=30:d=6 -f lavfi -i aevalsrc=sin(2*PI*t*(200+40*t)):s=48000:d=6 "
                + "-pix_fmt yuv420p -c:v libx264 -preset veryfast -g 30 -keyint_min 30 -sc_threshold 0 \(Self.tags) "
                + "-c:a aac -ac 2 \(arguments)")
    }

    private static func pipeline(
        _ trim: Trim? = nil, sound: Bool = true, rate: Rational = 30, alwaysEncodes: Bool? = nil
    ) -> Pipeline {
        Pipeline("part", version: 1, summary: "A test") {
            if let trim { trim }
            if !sound { StripAudio() }
        } output: {
            MP4(video: .h264(preset: .ultrafast, alwaysEncodes: alwaysEncodes), frameRate: rate)
        }
    }

    private func plan(_ pipeline: Pipeline, _ clip: String) async throws -> Plan {
        try await testRunner().plan(pipeline.compile(assets: Checkout.assets.catalog()).manifest, for: clip)
    }

    /// The pictures of a clip from one frame up to another.
    private func pictures(_ path: String, _ range: Range<Int>? = nil) throws -> [DecodedClip.Picture] {
        let decoded = try DecodedClip(path, keeping: { range?.contains($0) ?? true })
        #expect(decoded.errors == 0)
        return decoded.pictures.sorted { $0.key < $1.key }.map(\.value)
    }

    @Test("the pictures are the clip's own, to the frame, and the sound is what it is beside an encoded picture")
    func parts() async throws {
        let clip = try clip()
        for (trim, range) in [
            (nil, 0..<180), (Trim(to: 2), 0..<60), (Trim(to: 2, from: 3), 90..<150), (Trim(to: 9, from: 5), 150..<180),
            (Trim(to: 1, from: 1), 30..<60),
        ] {
            for sound in [true, false] {
                let pipeline = Self.pipeline(trim, sound: sound)
                let copied = try await plan(pipeline, clip).body.copied
                #expect(copied?.first == range.lowerBound, "\(range)")
                let report = try await make(pipeline, of: clip, to: scratch.path("copied.mp4"))
                #expect(report.frames == range.count && report.warnings == [])
                #expect((report.workSeconds["decode"] != nil) == sound, "only sound is decoded")
                #expect(try pictures(scratch.path("copied.mp4")) == pictures(clip, range), "\(range)")
                let encoded = try await make(
                    Self.pipeline(trim, sound: sound, alwaysEncodes: true), of: clip, to: scratch.path("encoded.mp4"))
                #expect(encoded.frames == range.count)
                let (first, second) = (
                    try DecodedClip(scratch.path("copied.mp4")), try DecodedClip(scratch.path("encoded.mp4"))
                )
                #expect(first.times == second.times && first.timeBase == second.timeBase)
                #expect(first.samples == second.samples && first.audioStart == second.audioStart)
                #expect((first.audio != nil) == sound)
            }
        }
    }

    @Test("without B frames a part may end anywhere, with them at a key frame; it begins at one")
    func places() async throws {
        let plain = try clip("plain.mp4", "-bf 0")
        let reordered = try clip()
        #expect(try await plan(Self.pipeline(Trim(to: 2.5, from: 1)), plain).body.copied?.end == 105)
        #expect(try await plan(Self.pipeline(Trim(to: 2.5, from: 1)), reordered).segments.isEmpty)
        #expect(try await plan(Self.pipeline(Trim(to: 2, from: 1)), reordered).body.copied?.end == 90)
        #expect(try await plan(Self.pipeline(Trim(to: 2, from: 1.1)), plain).segments.isEmpty)
        try await make(Self.pipeline(Trim(to: 2.5, from: 1)), of: plain, to: scratch.path("copied.mp4"))
        #expect(try pictures(scratch.path("copied.mp4")) == pictures(plain, 30..<105))
    }

    @Test(
        "what is not as the output would be is encoded",
        arguments: [
            "-r 25", "-vf select=not(eq(mod(n\\,7)\\,3)) -fps_mode vfr", "-color_range pc", "-colorspace smpte170m",
            "-color_trc smpte170m", "-pix_fmt yuv444p", "-aspect 4:3", "-c:v libx265 -x265-params log-level=none",
            "-c:v mpeg4", "-x264-params open-gop=1:b-adapt=0", "-flags +ilme+ildct",
        ])
    func others(arguments: String) async throws {
        let clip = try clip("clip.mp4", arguments)
        #expect(try await plan(Self.pipeline(Trim(to: 2, from: 2)), clip).segments.isEmpty)
    }

    @Test("a clip in fragments, and one whose clock is a little slow, are passed on where each frame has its place")
    func unusual() async throws {
        for (name, arguments) in [("parts.mp4", "-movflags frag_keyframe+empty_moov"), ("slow.mp4", "-r 30000/1001")] {
            let clip = try clip(name, arguments)
            #expect(try await plan(Self.pipeline(), clip).body.copied != nil, "\(name)")
            try await make(Self.pipeline(), of: clip, to: scratch.path("copied.mp4"))
            try await make(Self.pipeline(alwaysEncodes: true), of: clip, to: scratch.path("encoded.mp4"))
            #expect(try pictures(scratch.path("copied.mp4")) == pictures(clip), "\(name)")
            let (first, second) = (
                try DecodedClip(scratch.path("copied.mp4")), try DecodedClip(scratch.path("encoded.mp4"))
            )
            #expect(first.times == second.times && first.samples == second.samples, "\(name)")
        }
    }

    @Test("stages that change pixels or times are not skipped, and an output that always encodes does")
    func stages() async throws {
        let clip = try clip()
        func isCopied<Content: Stage>(_ stage: Content) async throws -> Bool {
            let pipeline = Pipeline("other", version: 1, summary: "A test") {
                stage
            } output: {
                MP4(frameRate: 30)
            }
            return try await plan(pipeline, clip).body.copied != nil
        }
        #expect(try await isCopied(Scale(to: .size(PictureSize(width: 320, height: 180)))))
        #expect(try await isCopied(Crop(to: .ratio(16, 9))))
        #expect(try await !isCopied(Scale(to: .size(PictureSize(width: 160, height: 90)))))
        #expect(try await !isCopied(Speed(2)))
        #expect(try await !isCopied(Watermark(.asset("brand/watermark.png"), at: .topTrailing, inset: 10, width: 50)))
        #expect(try await !isCopied(Bumper(.opening, .asset("brand/intro.mp4"))))
        #expect(try await !isCopied(RawFilter("negate")))
        #expect(try await plan(Self.pipeline(alwaysEncodes: true), clip).segments.isEmpty)
        let dryRun = try await testRunner().dryRun(
            Self.pipeline().compile(assets: Checkout.assets.catalog()).manifest, for: clip)
        #expect(dryRun.cost.encodedFrames == 0)
    }

    @Test("where the packets are not what the container said, the picture is encoded after all, and the report says so")
    func refusals() async throws {
        let clip = try clip()
        let good = try await plan(Self.pipeline(Trim(to: 2, from: 2)), clip)
        let changes: [(CopyTask.Refusal, (inout Plan) -> Void)] = [
            (.noBeginning, { $0.copied?.first = 61 }), (.noEnd, { $0.copied?.end = 100 }),
            (
                .uneven,
                {
                    $0.output.frameRate = 24
                    $0.copied?.first = 48
                    $0.copied?.end = 96
                }
            ),
        ]
        for (refusal, change) in changes {
            var plan = good
            change(&plan.segments[0].plan)
            let report = try await testRunner().run(plan, input: clip, output: scratch.path("made.mp4")).report()
            #expect(report.frames == 60)
            #expect(
                report.warnings
                    == ["the clip's packets were not passed on, the picture was encoded: \(refusal.rawValue)"])
            #expect(try DecodedClip(scratch.path("made.mp4")).frameCount == 60)
            #expect(try scratch.names().sorted() == ["clip.mp4", "made.mp4"])
        }
    }

    @Test("a clip whose packets are overwritten is decoded, as every damaged one is")
    func damage() async throws {
        let clip = try clip("clip.mp4", "-an -movflags +faststart")
        var bytes = try Data(contentsOf: URL(filePath: clip))
        let end = bytes.count * 9 / 10..<bytes.count
        bytes.replaceSubrange(end, with: repeatElement(0, count: end.count))
        try bytes.write(to: URL(filePath: clip))
        #expect(try await plan(Self.pipeline(), clip).body.copied != nil)
        let report = try await make(Self.pipeline(), of: clip, to: scratch.path("made.mp4"))
        #expect(report.warnings.contains { $0.hasSuffix(CopyTask.Refusal.damaged.rawValue) }, "\(report.warnings)")
        #expect(report.warnings.contains { $0.contains("cannot be decoded") || $0.contains("damaged") })
        #expect(try DecodedClip(scratch.path("made.mp4")).frameCount == report.frames && report.frames > 100)
    }

    @Test("a failure or a cancellation in any task ends the run and leaves nothing, whatever the queues hold")
    func failures() async throws {
        let clip = try clip()
        for (kind, sound) in [
            ("demux", true), ("demux", false), ("mux", true), ("mux", false), ("decode", true), ("filter", true),
            ("encode", true),
        ] {
            for (piece, capacity) in [(0, 1), (7, 1), (7, 64)] {
                var runner = testRunner()
                runner.disturbance = Disturbance(queueCapacity: capacity, failing: kind, piece: piece)
                await #expect(throws: Disturbance.error(kind)) {
                    try await make(Self.pipeline(sound: sound), of: clip, to: scratch.path("failed.mp4"), with: runner)
                }
                #expect(try scratch.names() == ["clip.mp4"])
            }
        }
        var runner = testRunner()
        runner.disturbance = Disturbance(queueCapacity: 1)
        try await make(Self.pipeline(), of: clip, to: scratch.path("short.mp4"), with: runner)
        #expect(try pictures(scratch.path("short.mp4")) == pictures(clip))
        runner.disturbance = Disturbance(failing: "mux", piece: 7, cancels: true)
        await #expect(throws: RunError.cancelled) {
            try await make(Self.pipeline(), of: clip, to: scratch.path("cancelled.mp4"), with: runner)
        }
        #expect(try !scratch.names().contains("cancelled.mp4"))
    }
}
