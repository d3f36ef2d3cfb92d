import Foundation
import GraphDSL
import LibAV
import Runner
import Stages
import TestSupport
import Testing

struct TimeStageTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test("a trim keeps the first part, to the frame, of picture and sound")
    func trim() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 3)
        let trimmed = try await result(of: clip, in: scratch) { Trim(to: 1.5) }
        #expect(trimmed.frameCount == 45)
        #expect(abs(Double(trimmed.samples.count) / 48_000 - 1.5) < 0.03)
    }

    @Test("a silent bumper leaves the clip's sound and has none of its own")
    func silentBumper() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 1)
        for isSilent in [false, true] {
            let made = try await result(of: clip, in: scratch) {
                Bumper(.opening, .asset("brand/intro.mp4"), silent: isSilent)
            }
            let bumper = made.samples.prefix(Int(2.3 * 48_000)).map(abs).max() ?? 0
            let body = made.samples[Int(2.7 * 48_000)..<Int(3.3 * 48_000)].map(abs).max() ?? 0
            #expect(isSilent ? bumper < 0.001 : bumper > 0.01, "\(bumper)")
            #expect(body > 0.05, "\(body)")
        }
    }

    @Test("a trim longer than the clip keeps the clip")
    func longTrim() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 1)
        #expect(try await result(of: clip, in: scratch) { Trim(to: 30) }.frameCount == 30)
    }

    @Test("a trim from a later moment begins with that moment's frame")
    func laterTrim() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 3)
        let original = try DecodedClip(clip, keeping: { $0 == 30 })
        let trimmed = try await result(of: clip, in: scratch, keeping: { $0 == 0 }) { Trim(to: 1, from: 1) }
        #expect(trimmed.frameCount == 30)
        #expect(ssim(try #require(original.pictures[30]), try #require(trimmed.pictures[0])) > 0.98)
    }

    @Test("a trim that begins after the clip's end leaves nothing, and says so")
    func emptyTrim() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 1)
        let error = await #expect(throws: RunError.self) {
            _ = try await result(of: clip, in: scratch) { Trim(to: 1, from: 5) }
        }
        #expect(error?.description.contains("nothing of the clip is left") == true)
        #expect(try scratch.names() == ["plain.mp4"])
    }

    @Test("two trims in a row that contradict each other are found while compiling")
    func contradiction() throws {
        let pipeline = Pipeline("test", version: 1, summary: "A test") {
            Trim(to: 2)
            Trim(to: 1, from: 3)
        } output: {
            MP4(frameRate: 30)
        }
        #expect(throws: CompilationError.self) { try pipeline.compile(assets: AssetCatalog()) }
    }

    @Test("speed changes the length and keeps the pitch", arguments: [0.25, 0.5, 1.5, 2, 4])
    func speed(rate: Double) async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 2)
        let changed = try await result(of: clip, in: scratch) { Speed(rate) }
        #expect(abs(Double(changed.frameCount) - 60 / rate) <= 1)
        #expect(abs(Double(changed.samples.count) / 48_000 - 2 / rate) < 0.06)
        // 440 Hz cross zero 880 times a second; the ends are left out.
        let middle = Array(changed.samples.dropFirst(9600).dropLast(9600))
        let crossings = zip(middle, middle.dropFirst()).count { ($0 < 0) != ($1 < 0) }
        #expect(abs(Double(crossings) / (Double(middle.count) / 48_000) - 880) < 30)
    }

    @Test("fades rise from black and silence and fall back at the clip's real end")
    func fade() async throws {
        let clip = try TestClip.make(
            "white.mp4", in: scratch,
            "-f lavfi -i color=white:s=320x180:r=30:d=2 -f lavfi -i sine=f=440:r=48000:d=2 -pix_fmt yuv420p -c:v libx264 -crf 5 -c:a aac"
        )
        let faded = try await result(of: clip, in: scratch, keeping: { _ in true }) { Fade(in: 0.5, out: 0.5) }
        #expect(faded.frameCount == 60)
        let lumas = try (0..<60).map { try #require(faded.pictures[$0]).mean() }
        #expect(lumas[0] < 20 && lumas[30] > 230 && lumas[59] < 40)
        #expect(zip(lumas[0..<15], lumas[1..<16]).allSatisfy { $0 <= $1 + 0.5 })
        #expect(zip(lumas[45..<59], lumas[46..<60]).allSatisfy { $0 + 0.5 >= $1 })
        func level(_ from: Double, _ to: Double) -> Float {
            faded.samples[Int(from * 48_000)..<Int(to * 48_000)].map(abs).max() ?? 0
        }
        #expect(level(0, 0.05) < 0.15 * level(0.9, 1.1) && level(1.95, 1.99) < 0.15 * level(0.9, 1.1))
    }

    @Test("loudness reaches its target, whatever the clip's own", arguments: [-30, -12])
    func loudness(gain: Int) async throws {
        let clip = try TestClip.make(
            "noise.mp4", in: scratch,
            "-f lavfi -i color=black:s=64x64:r=30:d=8 -f lavfi -i anoisesrc=d=8:c=pink:r=48000:seed=1 -af volume=\(gain)dB -c:a aac -c:v libx264"
        )
        _ = try await result(of: clip, in: scratch) { Loudness(target: -16) }
        let measured = try Tool.run(
            "ffmpeg", ["-nostdin", "-hide_banner", "-i", scratch.path("out.mp4"), "-af", "ebur128", "-f", "null", "-"])
        let line = try #require(
            measured.errors.split(separator: "\n").last { $0.contains("I:") && $0.contains("LUFS") })
        let value = try #require(line.split(separator: " ").compactMap { Double($0) }.first)
        #expect(abs(value - -16) < 1.5, "\(line)")
    }

    @Test("removing the sound leaves no audio stream")
    func stripAudio() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 1)
        let silent = try await result(of: clip, in: scratch) { StripAudio() }
        #expect(silent.streams.count == 1 && silent.frameCount == 30)
    }

    @Test("bumpers of another size, rate and without sound are fitted in; the sound goes on in step")
    func bumpers() async throws {
        let assets = AssetFolder(path: scratch.folder.path)
        try TestClip.make(
            "square.mp4", in: scratch,
            "-f lavfi -i color=white:s=100x100:r=25:d=1 -pix_fmt yuv420p -c:v libx264 -crf 5")
        let clip = try TestClip.plain(in: scratch, seconds: 2)
        let joined = try await result(of: clip, in: scratch, assets: assets, keeping: { [15, 45, 105].contains($0) }) {
            Bumper(.opening, .asset("square.mp4"))
            Bumper(.closing, .asset("square.mp4"))
        }
        #expect(joined.frameCount == 120)
        for number in [15, 105] {
            let picture = try #require(joined.pictures[number])
            #expect((picture.width, picture.height) == (320, 180))
            #expect(picture.mean(x: 0.3...0.7) > 220 && picture.mean(x: 0...0.15) < 20)
        }
        let loud = joined.samples.indices.filter { abs(joined.samples[$0]) > 0.02 }
        let (first, last) = (Double(try #require(loud.first)) / 48_000, Double(try #require(loud.last)) / 48_000)
        #expect(abs(first - 1) < 0.03 && abs(last - 3) < 0.05)
    }

    @Test("a clip without sound is silent where a bumper has some")
    func silence() async throws {
        let assets = AssetFolder(path: scratch.folder.path)
        _ = try TestClip.plain("bumper.mp4", in: scratch, seconds: 1)
        let clip = try TestClip.plain("mute.mp4", in: scratch, seconds: 1, audio: false)
        let joined = try await result(of: clip, in: scratch, assets: assets) { Bumper(.opening, .asset("bumper.mp4")) }
        #expect(joined.audio?.channelLayout == "stereo")
        #expect(joined.frameCount == 60)
        #expect(joined.samples[0..<47_000].contains { abs($0) > 0.05 })
        #expect(joined.samples[50_000..<94_000].allSatisfy { abs($0) < 0.001 })
    }
}
