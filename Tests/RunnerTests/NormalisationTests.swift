import Foundation
import GraphDSL
import LibAV
import Runner
import Stages
import TestSupport
import Testing

/// Clips that show the plain scene in another way (`Tests/Fixtures`), and must all come out as the plain scene.
struct NormalisationTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// No stage at all: what a pipeline sees is what comes out.
    private let nothing = Pipeline("nothing", version: 1, summary: "A test") {
    } output: {
        MP4(video: .h264(preset: .ultrafast, crf: 4), frameRate: 30)
    }

    /// A fixture, what the plan must say of it, and which frames of the output are which of the plain scene.
    struct Fixture: CustomTestStringConvertible, Sendable {
        let name: String
        let note: String?
        var frames = 15
        var pairs = [(0, 0), (7, 7), (14, 14)]
        var likeness = 0.97
        var testDescription: String { name }
    }

    static let fixtures = [
        Fixture(name: "plain.mp4", note: nil),
        Fixture(name: "turned-90.mp4", note: "turned by 90° → upright"),
        Fixture(name: "turned-180.mp4", note: "turned by 180° → upright"),
        Fixture(name: "turned-270.mp4", note: "turned by 270° → upright"),
        Fixture(name: "mirrored.mp4", note: "mirrored → upright"),
        Fixture(name: "flipped.mp4", note: "flipped → upright"),
        Fixture(name: "transposed.mp4", note: "turned and mirrored → upright"),
        Fixture(name: "antitransposed.mp4", note: "turned and mirrored → upright"),
        // What was squeezed has lost detail.
        Fixture(name: "anamorphic.mp4", note: "pixels of 4/3 → square, 240x180 → 320x180", likeness: 0.95),
        Fixture(name: "anamorphic-turned.mp4", note: "pixels of 3/4 → square, 180x240 → 180x320", likeness: 0.95),
        Fixture(name: "odd-size.webm", note: "odd size 321x181 → 320x180"),
        // The frames before a missing one stay in its place.
        Fixture(
            name: "variable-rate.mp4", note: "variable frame rate → 30 fps",
            pairs: [(2, 2), (4, 2), (8, 7), (9, 9), (11, 10)]),
        Fixture(name: "50-fps.mp4", note: "50 fps → 30 fps", pairs: [(0, 0)]),
        Fixture(name: "ntsc-film.mp4", note: "23.976 fps → 30 fps", pairs: [(0, 0)]),
        Fixture(name: "interlaced.mp4", note: "interlaced → progressive", pairs: [(7, 7)], likeness: 0.95),
        Fixture(name: "interlaced.ts", note: "interlaced → progressive", pairs: [(7, 7)], likeness: 0.95),
        Fixture(name: "full-range.mp4", note: "bt709, full range → BT.709, limited range"),
        Fixture(name: "bt601-untagged.mp4", note: "smpte170m → BT.709, limited range"),
        Fixture(name: "yuv422.mp4", note: "yuv422p → yuv420p"),
        Fixture(name: "yuv444-10-bit.mp4", note: "yuv444p10le → yuv420p"),
        Fixture(name: "rgb.mov", note: "RGB, full range → BT.709, limited range", frames: 3, pairs: [(0, 0), (2, 2)]),
        Fixture(name: "surround.mp4", note: nil),
        Fixture(name: "mono.mp4", note: nil),
        Fixture(name: "no-sound.mp4", note: nil),
        Fixture(name: "cover-art.mp4", note: nil),
        Fixture(name: "16-channels.mov", note: nil),
        Fixture(name: "edit-list.mp4", note: nil, frames: 9, pairs: [(0, 6), (4, 10), (8, 14)]),
        Fixture(name: "late-start.mkv", note: nil),
        Fixture(name: "fragmented.mp4", note: nil),
        Fixture(name: "lying-duration.mkv", note: nil),
    ]

    @Test("every fixture comes out as the plain scene", arguments: fixtures)
    func scene(fixture: Fixture) async throws {
        let clip = Checkout.fixture(fixture.name)
        let runner = testRunner()
        let plan = try await runner.plan(nothing.compile(assets: AssetCatalog()).manifest, for: clip)
        if let note = fixture.note {
            #expect(plan.normalisations.contains(note), "\(plan.normalisations)")
        } else {
            // Nothing that changes a pixel: the frame rate is what every clip gets.
            #expect(plan.videoFilters == ["fps"], "\(plan.filterGraph)")
        }
        let output = scratch.path("out.mp4")
        _ = try await runner.run(plan, input: clip, output: output).report()

        let wanted = Set(fixture.pairs.flatMap { [$0.0, $0.1] })
        let made = try DecodedClip(output, keeping: wanted.contains)
        let plain = try DecodedClip(Checkout.fixture("plain.mp4"), keeping: wanted.contains)
        #expect(made.frameCount == fixture.frames && plan.frames == fixture.frames && made.errors == 0)
        let facts = try #require(made.video)
        #expect(facts.width == 320 && facts.height == 180 && facts.pixelFormat == "yuv420p")
        #expect(facts.sampleAspect == Fraction(1, 1) && facts.colourRange == "tv" && !facts.isInterlaced)
        #expect([facts.colourSpace, facts.colourPrimaries, facts.colourTransfer] == ["bt709", "bt709", "bt709"])
        for (ours, theirs) in fixture.pairs {
            let (a, b) = (try #require(made.pictures[ours]), try #require(plain.pictures[theirs]))
            let likeness = ssim(a, b)
            #expect(likeness > fixture.likeness, "frame \(ours): \(likeness)")
            for plane in [\DecodedClip.Picture.luma, \.cb, \.cr] {
                for (x, y) in [(0.0...0.5, 0.0...0.5), (0.5...1, 0...0.5), (0...0.5, 0.5...1), (0.5...1, 0.5...1)] {
                    let difference = abs(a.mean(x: x, y: y, of: plane) - b.mean(x: x, y: y, of: plane))
                    #expect(difference < 2, "frame \(ours), \(x) \(y): \(difference)")
                }
            }
        }
    }

    @Test("a missing frame is the one before it, not the next", arguments: [(4, 2, 5), (8, 7, 9), (11, 10, 12)])
    func gaps(frame: Int, before: Int, after: Int) async throws {
        try await make(nothing, of: Checkout.fixture("variable-rate.mp4"), to: scratch.path("out.mp4"))
        let made = try #require(try DecodedClip(scratch.path("out.mp4"), keeping: { $0 == frame }).pictures[frame])
        let plain = try DecodedClip(Checkout.fixture("plain.mp4"), keeping: { _ in true })
        #expect(ssim(made, try #require(plain.pictures[before])) > ssim(made, try #require(plain.pictures[after])))
    }

    @Test("interlaced frames leave no comb", arguments: ["interlaced.mp4", "interlaced.ts"])
    func combs(name: String) async throws {
        try await make(nothing, of: Checkout.fixture(name), to: scratch.path("out.mp4"))
        let made = try #require(try DecodedClip(scratch.path("out.mp4"), keeping: { $0 == 7 }).pictures[7])
        let raw = try #require(try DecodedClip(Checkout.fixture(name), keeping: { $0 == 7 }).pictures[7])
        let plain = try #require(try DecodedClip(Checkout.fixture("plain.mp4"), keeping: { $0 == 7 }).pictures[7])
        #expect(raw.combing > 2 * plain.combing)
        #expect(made.combing < 1.2 * plain.combing)
    }

    @Test("transparency lies over black", arguments: ["alpha.mov", "alpha.webm"])
    func alpha(name: String) async throws {
        let output = scratch.path("out.mp4")
        let report = try await make(nothing, of: Checkout.fixture(name), to: output)
        #expect(report.normalisations.contains("transparent → over black"))
        let made = try #require(try DecodedClip(output, keeping: { $0 == 1 }).pictures[1])
        let plain = try #require(try DecodedClip(Checkout.fixture("plain.mp4"), keeping: { $0 == 1 }).pictures[1])
        let (left, right) = (0.0...0.48, 0.52...1.0)
        let expected = 16 + (plain.mean(x: left) - 16) * 128 / 255
        #expect(abs(made.mean(x: left) - expected) < 2, "\(made.mean(x: left)), expected \(expected)")
        #expect(abs(made.mean(x: right) - plain.mean(x: right)) < 2)
    }

    /// Light of the patches in the fixtures of other colours, in cd/m² of BT.709's primaries, as `make_fixtures.py` has them.
    static let patches: [[Double]] = [
        [0, 0, 0], [26, 26, 26], [80, 52, 40], [22, 13, 9], [10, 20, 60],
    ]

    @Test(
        "grey and skin stay where they belong, whatever the range, the gamut and the matrix",
        arguments: [
            ("pq.mp4", "HDR (smpte2084) → BT.709"), ("hlg.mp4", "HDR (arib-std-b67) → BT.709"),
            ("bt601.mp4", "smpte170m → BT.709"), ("display-p3.mp4", "bt709 / smpte432 → BT.709"),
            ("bt2020-sdr.mp4", "bt2020 / bt2020nc → BT.709"),
        ])
    func knownLight(name: String, note: String) async throws {
        let output = scratch.path("out.mp4")
        let report = try await make(nothing, of: Checkout.fixture(name), to: output)
        #expect(report.normalisations.contains(note), "\(report.normalisations)")
        let clip = try DecodedClip(output, keeping: { $0 == 4 })
        let picture = try #require(clip.pictures[4])
        #expect(clip.frameCount == 9 && clip.video?.colourTransfer == "bt709" && clip.video?.pixelFormat == "yuv420p")
        for (index, light) in Self.patches.enumerated() {
            // Diffuse white, 203 cd/m², is 1; a BT.1886 display raises the signal to the power of 2.4.
            let signal = light.map { pow($0 / 203, 1 / 2.4) }
            let y = 0.2126 * signal[0] + 0.7152 * signal[1] + 0.0722 * signal[2]
            let expected = [16 + 219 * y, 128 + 224 * (signal[2] - y) / 1.8556, 128 + 224 * (signal[0] - y) / 1.5748]
            let x = (Double(index) + 0.25) / 6...(Double(index) + 0.75) / 6
            let found = [
                picture.mean(x: x), picture.mean(x: x, of: \.cb), picture.mean(x: x, of: \.cr),
            ]
            for (found, expected) in zip(found, expected) {
                #expect(abs(found - expected) < 4, "patch \(light): \(found), expected \(expected)")
            }
        }
        // HDR's white is bright and has room above it.
        let white = picture.mean(x: 5.25 / 6...5.75 / 6)
        #expect(note.hasPrefix("HDR") ? (195...228).contains(white) : abs(white - 235) < 2, "\(white)")
    }

    @Test(
        "any sound comes out as the output's, as long as the picture",
        arguments: ["surround.mp4", "mono.mp4", "16-channels.mov", "no-sound.mp4", "late-start.mkv"])
    func sound(name: String) async throws {
        let output = scratch.path("out.mp4")
        let report = try await make(nothing, of: Checkout.fixture(name), to: output)
        let clip = try DecodedClip(output)
        #expect(clip.audio?.sampleRate == 48_000 && clip.audio?.channelLayout == "stereo")
        // AAC codes whole frames of 1024 samples, one of them before the sound.
        #expect(abs(Double(clip.samples.count) / 48_000 - 0.5) < 0.05, "\(clip.samples.count)")
        let loudness = clip.samples.map { $0 * $0 }.reduce(0, +) / Float(max(1, clip.samples.count))
        #expect(name == "no-sound.mp4" ? loudness == 0 : loudness > 1e-5, "\(loudness)")
        if name == "no-sound.mp4" { #expect(report.normalisations == ["no sound → silence"]) }
    }

    @Test("a picture in YUV that is tagged as RGB is taken as one that does not say", arguments: ["yuv420p", "gray"])
    func mistagged(format: String) async throws {
        let plain = try TestClip.make(
            "plain-\(format).mp4", in: scratch,
            "-f lavfi -i testsrc2=s=320x180:r=30:d=0.1 -pix_fmt \(format) -c:v libx264")
        let clip = try TestClip.make(
            "tagged-\(format).mp4", in: scratch, "-i \(plain) -c copy -bsf:v h264_metadata=matrix_coefficients=0")
        #expect(try await make(nothing, of: clip, to: scratch.path("out.mp4")).frames == 3)
        let (tagged, untagged) = (scratch.path("out.mp4"), scratch.path("untagged.mp4"))
        try await make(nothing, of: plain, to: untagged)
        let pictures = try [tagged, untagged].map { try #require(DecodedClip($0, keeping: { $0 == 1 }).pictures[1]) }
        #expect(ssim(pictures[0], pictures[1]) > 0.99)
    }

    @Test("a clip of which the end is missing gives what there is, and says so")
    func truncated() async throws {
        let report = try await make(nothing, of: Checkout.fixture("truncated.mp4"), to: scratch.path("out.mp4"))
        let clip = try DecodedClip(scratch.path("out.mp4"))
        #expect((25...45).contains(clip.frameCount) && report.frames == clip.frameCount)
        #expect(report.warnings.contains { $0.contains("says that it lasts 2 s") }, "\(report.warnings)")
    }

    @Test("a clip with some damage is done with a warning, one with much is refused")
    func damage() async throws {
        let report = try await make(nothing, of: Checkout.fixture("damaged-little.mp4"), to: scratch.path("out.mp4"))
        #expect(report.warnings.contains { $0.contains("damaged") } && (50...60).contains(report.frames), "\(report)")
        let error = await #expect(throws: RunError.self) {
            try await make(nothing, of: Checkout.fixture("damaged-much.mp4"), to: scratch.path("much.mp4"))
        }
        #expect(error?.classification.code == .damaged, "\(String(describing: error))")
        #expect(try scratch.names() == ["out.mp4"])
    }

    @Test("what is not media at all is refused", arguments: ["empty.mp4", "text.mp4"])
    func nothingAtAll(name: String) async throws {
        let error = await #expect(throws: RunError.self) {
            try await make(nothing, of: Checkout.fixture(name), to: scratch.path("out.mp4"))
        }
        #expect(error?.classification.code == .notMedia)
    }
}

extension Plan {
    /// The names of the filters that the upload's picture goes through.
    fileprivate var videoFilters: [String] {
        graph.nodes.compactMap { node in
            if case .filter(let filter) = node.operation, filter.outputs == [.video] { filter.name } else { nil }
        }
    }
}

extension DecodedClip.Picture {
    /// How much neighbouring lines differ more than lines two apart: high where two fields lie in one frame.
    fileprivate var combing: Double {
        var sum = 0
        for y in 1..<height - 1 {
            for x in 0..<width {
                let (above, here, below) = (
                    Int(luma[(y - 1) * width + x]), Int(luma[y * width + x]), Int(luma[(y + 1) * width + x])
                )
                sum += max(0, abs(2 * here - above - below) - abs(above - below))
            }
        }
        return Double(sum) / Double(width * height)
    }
}
