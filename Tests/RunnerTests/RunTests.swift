import Foundation
import GraphDSL
@testable import Runner
import Stages
import TestSupport
import Testing

@Suite(.serialized)
struct RunTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private let encoded = Pipeline("encoded", version: 1, summary: "A test") {
    } output: {
        MP4(video: .h264(preset: .ultrafast, alwaysEncodes: true), frameRate: 30)
    }

    @Test("progress rises to the end, and the report adds up")
    func progress() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 8, size: "640x360")
        let runner = testRunner()
        let plan = try await runner.plan(encoded.compile(assets: AssetCatalog()).manifest, for: clip)
        let run = try await runner.run(plan, input: clip, output: scratch.path("out.mp4"))
        var steps: [RunProgress] = []
        for await step in run.progress { steps.append(step) }
        let report = try await run.report()
        #expect(plan.frames == 240 && report.frames == 240 && report.duration == 8)
        #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.frames <= $1.frames })
        #expect(steps.last?.fraction == 1 && steps.last?.totalFrames == 240)
        let size = try FileManager.default.attributesOfItem(atPath: scratch.path("out.mp4"))[.size] as? Int
        #expect(report.bytesWritten == size.map(Int64.init))
        #expect(Set(report.workSeconds.keys) == ["demux", "decode", "filter", "encode", "mux"])
        #expect(report.warnings.isEmpty && report.normalisations.isEmpty)
        #expect(try scratch.names() == ["out.mp4", "plain.mp4"])
    }

    @Test("cancelling the task ends the run, leaves no file, and keeps what was there before")
    func cancellation() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 120, size: "1280x720")
        let output = scratch.path("out.mp4")
        try Data("before".utf8).write(to: URL(filePath: output))
        let runner = testRunner()
        let manifest = try Pipeline("slow", version: 1, summary: "A test") {
        } output: {
            MP4(video: .h264(preset: .veryslow, alwaysEncodes: true), frameRate: 30)
        }.compile(assets: AssetCatalog()).manifest
        let plan = try await runner.plan(manifest, for: clip)
        let run = try await runner.run(plan, input: clip, output: output)
        let task = Task { try await run.report() }
        for await step in run.progress where step.frames > 0 {
            task.cancel()
            break
        }
        await #expect(throws: RunError.cancelled) { try await task.value }
        #expect(try scratch.names() == ["out.mp4", "plain.mp4"])
        #expect(try String(contentsOfFile: output, encoding: .utf8) == "before")
    }

    @Test("a run that is cancelled as soon as it begins leaves nothing")
    func cancelledAtOnce() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 2)
        let runner = testRunner()
        let plan = try await runner.plan(encoded.compile(assets: AssetCatalog()).manifest, for: clip)
        let output = scratch.path("out.mp4")
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await runner.run(plan, input: clip, output: output).report()
        }
        await #expect(throws: RunError.cancelled) { try await task.value }
        // By itself, not by a test that may have to wait for a thread.
        for work in ["demux", "decode"] {
            var runner = runner
            runner.disturbance = Disturbance(failing: work, cancels: true)
            let run = try await runner.run(plan, input: clip, output: output)
            await #expect(throws: RunError.cancelled) { try await run.report() }
        }
        #expect(try scratch.names() == ["plain.mp4"])
    }

    @Test("an output that cannot be written is an error before any work")
    func unwritable() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 1)
        let runner = testRunner()
        let plan = try await runner.plan(encoded.compile(assets: AssetCatalog()).manifest, for: clip)
        for path in [scratch.path("absent/out.mp4"), scratch.folder.path] {
            let error = await #expect(throws: RunError.self) { try await runner.run(plan, input: clip, output: path) }
            #expect(error?.blame == .output, "\(path)")
        }
        // A folder that looks writable and is not is found out when the file is opened.
        let late = await #expect(throws: RunError.self) {
            try await runner.run(plan, input: clip, output: "/proc/out.mp4").report()
        }
        #expect(late?.blame == .output)
        await #expect(throws: RunError.outputIsInput(clip)) { try await runner.run(plan, input: clip, output: clip) }
    }

    @Test("a missing asset is an error before any work, a changed one is refused with both digests")
    func assets() async throws {
        let folder = AssetFolder(path: scratch.folder.path)
        let clip = try TestClip.plain(in: scratch, seconds: 1)
        try TestClip.make("mark.png", in: scratch, "-f lavfi -i color=white:s=64x64 -frames:v 1")
        let pipeline = Pipeline("marked", version: 1, summary: "A test") {
            Watermark(.asset("mark.png"), at: .top)
        } output: {
            MP4(frameRate: 30)
        }
        let manifest = try pipeline.compile(assets: folder.catalog()).manifest
        let runner = testRunner(assets: folder)
        try TestClip.make("mark.png", in: scratch, "-f lavfi -i color=black:s=64x64 -frames:v 1")
        let changed = await #expect(throws: RunError.self) { try await runner.plan(manifest, for: clip) }
        guard case .changedAsset = changed else {
            Issue.record("\(String(describing: changed))")
            return
        }
        try FileManager.default.removeItem(atPath: scratch.path("mark.png"))
        let missing = await #expect(throws: RunError.self) { try await runner.plan(manifest, for: clip) }
        guard case .missingAsset = missing else {
            Issue.record("\(String(describing: missing))")
            return
        }
        #expect(missing?.description.contains("'mark.png'") == true)
    }

    @Test("a clip whose end is missing gives what there is of it, and a warning")
    func damagedEnd() async throws {
        let whole = try TestClip.make(
            "whole.mp4", in: scratch,
            "-f lavfi -i testsrc2=s=640x360:r=30:d=4 -pix_fmt yuv420p -c:v libx264 -preset ultrafast -g 15 -movflags +faststart"
        )
        let data = try Data(contentsOf: URL(filePath: whole))
        let cut = scratch.path("cut.mp4")
        try data.prefix(data.count * 6 / 10).write(to: URL(filePath: cut))
        let report = try await make(encoded, of: cut, to: scratch.path("out.mp4"))
        #expect((40..<110).contains(report.frames))
    }

    @Test("a clip that changes its size on the way is fitted into its first size")
    func changingSize() async throws {
        func part(_ name: String, _ colour: String, _ size: String, at offset: Int) throws -> Data {
            let path = try TestClip.make(
                name, in: scratch,
                "-f lavfi -i color=\(colour):s=\(size):r=30:d=1 -f lavfi -i sine=d=1:r=48000 -pix_fmt yuv420p -c:v libx264 "
                    + "-ac \(offset == 0 ? 2 : 1) -c:a aac -output_ts_offset \(offset)")
            return try Data(contentsOf: URL(filePath: path))
        }
        let clip = scratch.path("call.ts")
        let parts = try part("a.ts", "red", "640x360", at: 0) + part("b.ts", "white", "240x320", at: 1)
        try parts.write(to: URL(filePath: clip))
        let report = try await make(encoded, of: clip, to: scratch.path("out.mp4"))
        // The two parts overlap by two frames: a transport stream has time for its buffers.
        #expect((58...60).contains(report.frames) && report.warnings.isEmpty, "\(report)")
        let made = try DecodedClip(scratch.path("out.mp4"), keeping: { $0 == 45 })
        let picture = try #require(made.pictures[45])
        #expect(picture.width == 640 && picture.height == 360)
        // 240x320 in 640x360: 270 wide, in the middle.
        #expect(picture.mean(x: 0.35...0.65) > 220 && picture.mean(x: 0...0.25) < 20 && picture.mean(x: 0.75...1) < 20)
    }

    @Test("recordings one after the other, each with a clock of its own, come out one after the other, in step")
    func discontinuity() async throws {
        func part(_ name: String, _ colour: String, at offset: Int) throws -> Data {
            let path = try TestClip.make(
                name, in: scratch,
                "-f lavfi -i color=\(colour):s=320x180:r=30:d=2 -f lavfi -i sine=d=2:r=48000 -pix_fmt yuv420p -c:v libx264 "
                    + "-ac 2 -c:a aac -output_ts_offset \(offset)")
            return try Data(contentsOf: URL(filePath: path))
        }
        // Back by an hour, then ahead by two.
        let parts = try part("a.ts", "red", at: 3600) + part("b.ts", "white", at: 0) + part("c.ts", "red", at: 7200)
        let clip = scratch.path("recording.ts")
        try parts.write(to: URL(filePath: clip))
        let report = try await make(encoded, of: clip, to: scratch.path("out.mp4"))
        #expect(abs(report.frames - 180) <= 3 && report.warnings.isEmpty, "\(report)")
        let made = try DecodedClip(scratch.path("out.mp4"), keeping: { [30, 90, 150].contains($0) })
        let brightness = try [30, 90, 150].map { try #require(made.pictures[$0]).mean() }
        #expect(brightness[0] < 100 && brightness[1] > 200 && brightness[2] < 100)
        let (sound, picture) = (Double(made.samples.count) / 48_000, Double(made.frameCount) / 30)
        #expect(abs(sound - picture) < 0.1)
    }

    @Test("a clip that cannot be decoded at all gives an error, not an empty video")
    func undecodable() async throws {
        guard let clip = Checkout.corpus("invalid-bitstream.webm") else { return }
        let error = await #expect(throws: RunError.self) {
            try await make(encoded, of: clip, to: scratch.path("out.mp4"))
        }
        #expect(error?.blame == .input)
        #expect(try scratch.names().isEmpty)
    }

    @Test("parameters are checked before any work")
    func parameters() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 1)
        let pipeline = Pipeline(
            "titled", version: 1, summary: "A test", parameters: [Parameter("player", .text(max: 5))]
        ) {
            Title(.parameter("player"))
        } output: {
            MP4(frameRate: 30)
        }
        let manifest = try pipeline.compile(assets: AssetCatalog()).manifest
        for (given, word) in [
            (["player": "Johanna"], "Johanna"), ([:], "--set player"), (["plyer": "x", "player": "y"], "'plyer'"),
        ] {
            let error = await #expect(throws: RunError.self) {
                try await testRunner().plan(manifest, for: clip, parameters: given)
            }
            #expect(error?.blame == .usage && error?.description.contains(word) == true)
        }
    }

    @Test("a manifest that went through JSON gives the same plan")
    func planned() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 1)
        let manifest = try publishedManifest("interview@1")
        let again = try Manifest(json: manifest.canonicalJSON)
        let runner = testRunner()
        let plan = try await runner.plan(manifest, for: clip)
        #expect(try await runner.plan(again, for: clip) == plan)
        #expect(try JSONDecoder().decode(Plan.self, from: JSONEncoder().encode(plan)) == plan)
    }

    @Test("a file whose sound lies far behind its picture goes through the bounded queues")
    func badlyInterleaved() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 20)
        let apart = try TestClip.make(
            "apart.ts", in: scratch, "-i \(clip) -c copy -max_interleave_delta 0 -muxdelay 9 -muxpreload 0 -f mpegts")
        let report = try await make(encoded, of: apart, to: scratch.path("out.mp4"))
        #expect(abs(report.frames - 600) <= 1)
    }
}

struct PacketBufferTests {
    @Test("a queue of one element hands everything over, in order, and ends")
    func queue() async {
        let queue = BoundedQueue<Int>(capacity: 1)
        let reader = Task.detached { () -> [Int] in
            var seen: [Int] = []
            while let next = queue.pop() { seen.append(next) }
            return seen
        }
        for number in 0..<1000 { #expect(queue.push(number)) }
        queue.finish()
        #expect(await reader.value == Array(0..<1000))
    }

    @Test("closing a queue frees a writer that waits")
    func closing() async {
        let queue = BoundedQueue<Int>(capacity: 1)
        #expect(queue.push(1))
        let writer = Task.detached { queue.push(2) }
        queue.close()
        #expect(await writer.value == false)
        #expect(queue.pop() == nil)
    }
}
