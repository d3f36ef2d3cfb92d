import Foundation
import GraphDSL
import Pipelines
import Stages
import TestSupport
import Testing

@testable import Runner

/// A picture of one moment must be the one that the whole run makes.
@Suite(.serialized)
struct StillTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Runs a pipeline and compares some of its frames with stills.
    private func compare(_ pipeline: Pipeline, _ clip: String, at frames: [Int]) async throws {
        let manifest = try pipeline.compile(assets: Checkout.assets.catalog()).manifest
        let output = scratch.path("\(pipeline.name).mp4")
        try await run(manifest, of: clip, to: output)
        let video = try DecodedClip(output, keeping: frames.contains)
        let stills = try await testRunner().stills(manifest, of: clip)
        #expect(stills.duration == Seconds(Double(video.frameCount) / 30))
        // Out of order, so that the reader has to go back too.
        for frame in frames.reversed() + frames {
            let still: Still
            do { still = try await stills.after(at: Seconds((Double(frame) + 0.1) / 30), width: 4096) } catch {
                Issue.record("\(pipeline.name), frame \(frame): \(error)")
                continue
            }
            let picture = try picture(still)
            let similarity = ssim(picture, try #require(video.pictures[frame]))
            #expect(similarity > 0.97, "\(pipeline.name), frame \(frame): \(similarity)")
        }
    }

    /// A still as a video of one frame in BT.709, limited range.
    private func picture(_ still: Still) throws -> DecodedClip.Picture {
        try Data(still.jpeg).write(to: URL(filePath: scratch.path("still.jpg")))
        let path = try TestClip.make(
            "still.mp4", in: scratch,
            "-i \(scratch.path("still.jpg")) -vf "
                + "scale=in_color_matrix=bt601:in_range=full:out_color_matrix=bt709:out_range=tv,format=yuv420p "
                + "-c:v libx264 -crf 4")
        return try #require(try DecodedClip(path, keeping: { $0 == 0 }).pictures[0])
    }

    @Test("a still has the colours of the run's frame, though the clip says nothing of them")
    func untagged() async throws {
        let clip = try TestClip.make(
            "bars.mp4", in: scratch,
            "-f lavfi -i smptehdbars=s=1280x720:r=30:d=0.3 -pix_fmt yuv420p -c:v libx264 -crf 4")
        let pipeline = Pipeline("untagged", version: 1, summary: "A test") {
        } output: {
            MP4(video: .h264(preset: .ultrafast, crf: 4, alwaysEncodes: true), frameRate: 30)
        }
        let manifest = try pipeline.compile(assets: Checkout.assets.catalog()).manifest
        try await run(manifest, of: clip, to: scratch.path("out.mp4"))
        let frame = try #require(try DecodedClip(scratch.path("out.mp4"), keeping: { $0 == 3 }).pictures[3])
        let stills = try await testRunner().stills(manifest, of: clip)
        for still in [try await stills.after(at: 0.11, width: 4096), try await stills.before(at: 0.11, width: 4096)] {
            let shown = try picture(still)
            for plane in [\DecodedClip.Picture.luma, \.cb, \.cr] {
                for bar in 0..<7 {
                    let begin = 0.125 + 0.75 * Double(bar) / 7
                    let x = begin + 0.03...begin + 0.07
                    let off = abs(shown.mean(x: x, y: 0.1...0.5, of: plane) - frame.mean(x: x, y: 0.1...0.5, of: plane))
                    #expect(off < 4, "bar \(bar): \(off)")
                }
            }
        }
    }

    @Test("in the body and in both bumpers, with the watermark")
    func showcase() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 3, size: "640x480")
        let pipeline = try #require(Catalog.cortina.pipelines.first { $0.name == "showcase" })
        try await compare(pipeline, clip, at: [0, 40, 74, 75, 76, 120, 164, 165, 200, 239])
    }

    @Test("through a trim that begins later, a speed, fades and a title that comes and goes")
    func times() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 8)
        let pipeline = Pipeline("times", version: 1, summary: "A test") {
            Trim(to: .seconds(5), from: .seconds(1.5))
            Speed(1.5)
            Title("Now", from: .seconds(1), for: .seconds(0.5))
            Fade(in: .seconds(0.5), out: .seconds(0.5))
            Bumper(.opening, .asset("brand/intro.mp4"))
        } output: {
            MP4(video: .h264(crf: 12), frameRate: 30)
        }
        try await compare(pipeline, clip, at: [75, 80, 90, 104, 106, 110, 119, 121, 140, 173])
    }

    @Test("of a turned clip, a clip of variable rate, and one that cannot be searched")
    func clips() async throws {
        let pipeline = Pipeline("plain", version: 1, summary: "A test") {
            Scale(to: .size(PictureSize(width: 320, height: 180)))
        } output: {
            MP4(video: .h264(crf: 12), frameRate: 30)
        }
        for name in ["turned-90.mp4", "variable-rate.mp4", "fragmented.mp4", "edit-list.mp4"] {
            try await compare(pipeline, Checkout.fixture(name), at: [0, 4, 8])
        }
    }

    @Test("readers that stand in the clip give the same pictures, before and after they are used")
    func parked() async throws {
        // x264's key frames are 250 frames apart.
        let clip = try TestClip.plain(in: scratch, seconds: 8)
        let pipeline = Pipeline("parked", version: 1, summary: "A test") {
        } output: {
            MP4(video: .h264(crf: 12), frameRate: 30)
        }
        let manifest = try pipeline.compile(assets: AssetCatalog()).manifest
        let stills = try await testRunner().stills(manifest, of: clip)
        let keeping = Task { await stills.keepNear() }
        defer { keeping.cancel() }
        // Every 0.75 s.
        for _ in 0..<6000 where stills.parkedReaders < 10 { try await Task.sleep(for: .milliseconds(50)) }
        #expect(stills.parkedReaders == 10)
        let original = try DecodedClip(clip, keeping: { $0 % 10 == 5 })
        for frame in [235, 5, 125, 135, 45, 205, 55, 195, 185, 85, 75] {
            let still = try await stills.after(at: Seconds((Double(frame) + 0.1) / 30), width: 4096)
            let similarity = ssim(try picture(still), try #require(original.pictures[frame]))
            #expect(similarity > 0.97, "frame \(frame): \(similarity)")
        }
    }

    @Test("readers stand between key frames, evenly, and no more than there may be")
    func homes() {
        #expect(ReaderParking.homes(between: [0, 1, 2], and: 3, in: 0...3, most: 24) == [])
        // Halfway, where two steps of a second fit between key frames.
        let pairs = ReaderParking.homes(
            between: (0..<10).map { Seconds(2 * Double($0)) }, and: 20, in: 0...20, most: 12)
        #expect(pairs.count == 10 && pairs.allSatisfy { $0.value.truncatingRemainder(dividingBy: 2) < 1.2 })
        let long = ReaderParking.homes(between: [0, 100], and: 200, in: 0...200, most: 12)
        #expect(long.count <= 12 && long.count > 8)
        #expect(ReaderParking.homes(between: [0], and: 60, in: 0...60, most: 0) == [])
        // Many key frames that are far apart: one reader between two, or between some.
        let keys = (0..<40).map { Seconds(8 * Double($0)) }
        let halves = keys.map { $0 + 4 }
        #expect(ReaderParking.homes(between: keys, and: 320, in: 0...320, most: 48) == halves)
        let some = ReaderParking.homes(between: keys, and: 320, in: 0...320, most: 10)
        #expect(some.count == 10 && Set(some).isSubset(of: halves) && some.contains { $0 > 280 })
        // What a trim leaves away needs none.
        let part = ReaderParking.homes(between: keys, and: 320, in: 100...120, most: 48)
        #expect(part.count > 12 && part.allSatisfy { (100...120).contains($0) })
        // A picture of 8K: one reader takes a gigabyte.
        #expect(ReaderParking.most(frameBytes: 8192 * 4608 * 3, memory: 1 << 30) == 0)
    }

    @Test("pictures are right around every key frame, forward and backward, with readers and without")
    func aroundKeyFrames() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 8)
        let short = scratch.path("short.mp4")
        let tool = try Tool.run(
            "ffmpeg",
            [
                "-y", "-nostdin", "-loglevel", "error", "-i", clip, "-c:v", "libx264", "-crf", "10", "-g", "45",
                "-keyint_min", "45", "-sc_threshold", "0", short,
            ])
        #expect(tool.status == 0, "\(tool.errors)")
        let manifest = try Pipeline("keys", version: 1, summary: "A test") {
        } output: {
            MP4(video: .h264(crf: 12), frameRate: 30)
        }.compile(assets: AssetCatalog()).manifest
        let stills = try await testRunner().stills(manifest, of: short)
        let frames = (1...4).flatMap { [45 * $0 - 1, 45 * $0, 45 * $0 + 1] }
        let original = try DecodedClip(short, keeping: { frames.contains($0) })
        for order in [frames, frames.reversed(), frames.filter { $0 % 2 == 0 }] {
            for frame in order {
                let still = try await stills.after(at: Seconds((Double(frame) + 0.1) / 30), width: 4096)
                let similarity = ssim(try picture(still), try #require(original.pictures[frame]))
                #expect(similarity > 0.97, "frame \(frame): \(similarity)")
            }
            let keeping = Task { await stills.keepNear() }
            for _ in 0..<6000 where stills.parkedReaders < 5 { try await Task.sleep(for: .milliseconds(50)) }
            keeping.cancel()
            await keeping.value
        }
    }

    @Test("before shows the clip as it is, at the moment that after shows")
    func before() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 4, size: "640x480")
        let pipeline = try #require(Catalog.cortina.pipelines.first { $0.name == "showcase" })
        let manifest = try pipeline.compile(assets: Checkout.assets.catalog()).manifest
        let stills = try await testRunner().stills(manifest, of: clip)
        let after = try await stills.after(at: .seconds(4.5), width: 320)
        #expect(after.size == PictureSize(width: 320, height: 180))
        #expect((1.999...2.034).contains(after.clipTime?.value ?? 0))
        let before = try await stills.before(at: try #require(after.clipTime), width: 4096)
        #expect(before.size == PictureSize(width: 640, height: 480))
        let original = try DecodedClip(clip, keeping: { $0 == 60 })
        #expect(ssim(try picture(before), try #require(original.pictures[60])) > 0.97)
        #expect(try await stills.after(at: .seconds(1), width: 320).clipTime == nil)
        #expect(try stills.clipTime(at: .seconds(8)) == nil)
        // A moment outside shows the nearest picture.
        #expect(try await stills.after(at: .seconds(100), width: 320).clipTime == nil)
        #expect(try await stills.before(at: .seconds(100), width: 320).jpeg.count > 1000)
    }
}
