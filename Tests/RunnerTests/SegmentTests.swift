import Foundation
import GraphDSL
import LibAV
import Stages
import TestSupport
import Testing

@testable import Runner

struct SegmentTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Small pictures between the project's bumpers.
    private static let pipeline = Pipeline("segments", version: 1, summary: "A test") {
        Scale(to: .size(PictureSize(width: 320, height: 180)))
        StripAudio()
        Bumper(.opening, .asset("brand/intro.mp4"), silent: true)
        Bumper(.closing, .asset("brand/outro.mp4"), silent: true)
    } output: {
        MP4(video: .h264(preset: .veryfast), frameRate: 30)
    }

    private func manifest() throws -> Manifest {
        try Self.pipeline.compile(assets: Checkout.assets.catalog()).manifest
    }

    private func make(_ cache: AssetCache?, _ name: String) async throws -> RunReport {
        try await TestSupport.make(
            Self.pipeline, of: Checkout.fixture("plain.mp4"), to: scratch.path(name), with: testRunner(cache: cache))
    }

    private func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: scratch.path(name))) }

    @Test("the output is the same with the cache cold, warm and off")
    func same() async throws {
        let cache = AssetCache(path: scratch.path("cache"))
        let cold = try await make(cache, "cold.mp4")
        let warm = try await make(cache, "warm.mp4")
        let off = try await make(nil, "off.mp4")
        #expect(
            cold.segments.map(\.isFromCache) == [false, false] && warm.segments.map(\.isFromCache) == [true, true])
        #expect(off.segments.map(\.frames) == [75, 75] && off.segments.map(\.isFromCache) == [false, false])
        #expect(try bytes("cold.mp4") == bytes("warm.mp4") && bytes("cold.mp4") == bytes("off.mp4"))
        #expect(cache.entries().map(\.frames) == [75, 75])
    }

    @Test("pieces begin with key frames, times rise, no frame is missing or there twice")
    func seams() async throws {
        let report = try await make(nil, "out.mp4")
        let demuxer = try Demuxer(FileByteSource(path: scratch.path("out.mp4")), cancellation: CancellationFlag())
        var decoded: [Int64] = []
        var shown: [Int64] = []
        var keys: [Int64] = []
        let step = Fraction(1, 30).rescale(1, to: demuxer.streams[0].timeBase)
        while let packet = try demuxer.next() {
            decoded.append(try #require(packet.dts))
            shown.append(try #require(packet.pts) / step)
            if packet.isKey { keys.append(try #require(packet.pts) / step) }
        }
        #expect(zip(decoded, decoded.dropFirst()).allSatisfy { $0 < $1 })
        #expect(shown.sorted() == (0..<Int64(report.frames)).map(\.self))
        #expect(keys.contains(75) && keys.contains(Int64(report.frames - 75)))
        // Closed: what is shown from a seam on is decoded from it on.
        for seam in [75, report.frames - 75] { #expect(shown[..<seam].allSatisfy { $0 < seam }) }
        let clip = try DecodedClip(scratch.path("out.mp4"), keeping: { _ in false })
        #expect(clip.errors == 0 && clip.frameCount == report.frames)
    }

    @Test("a damaged segment is made again, and never used")
    func damaged() async throws {
        let cache = AssetCache(path: scratch.path("cache"))
        _ = try await make(cache, "whole.mp4")
        for name in try FileManager.default.contentsOfDirectory(atPath: cache.path) {
            let path = "\(cache.path)/\(name)"
            var content = try Data(contentsOf: URL(filePath: path))
            content[content.count / 2] ^= 1
            try content.write(to: URL(filePath: path))
        }
        #expect(cache.entries().map(\.frames) == [nil, nil])
        let report = try await make(cache, "again.mp4")
        #expect(report.segments.map(\.isFromCache) == [false, false])
        #expect(try bytes("whole.mp4") == bytes("again.mp4"))
        #expect(cache.entries().map(\.frames) == [75, 75])
    }

    @Test("a segment with other parameter sets is encoded again with the body's")
    func otherParameters() async throws {
        let cache = AssetCache(path: scratch.path("cache"))
        _ = try await make(cache, "whole.mp4")
        // As if another encoder's packets lay under the key: its header says three reference frames.
        for entry in cache.entries() {
            var segment = try #require(cache.segment(for: entry.key))
            #expect(segment.fits(Array(segment.header)))
            segment.header[segment.header.startIndex + 8] ^= 0x10
            #expect(cache.clear() > 0)
            cache.keep(segment, for: entry.key)
            #expect(try await make(cache, "again.mp4").frames == 165)
            #expect(try bytes("whole.mp4") == bytes("again.mp4"))
        }
    }

    @Test("many runs at once with an empty cache do each other no harm")
    func atOnce() async throws {
        let cache = AssetCache(path: scratch.path("cache"))
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<4 { group.addTask { try await make(cache, "\(number).mp4").frames } }
            for try await frames in group { #expect(frames == 165) }
        }
        #expect(Set(try (0..<4).map { try bytes("\($0).mp4") }).count == 1)
        #expect(cache.entries().count == 2)
    }

    @Test("the cache keeps what was used last, and no more than it may")
    func bounded() throws {
        func segment(_ size: Int) -> EncodedSegment {
            var segment = EncodedSegment(header: Data([0, 0, 1, 0x67]))
            segment.packets = [.init(content: Data(count: size), pts: 0, dts: 0, duration: 1, isKey: true)]
            return segment
        }
        let keys = (0..<4).map { ContentDigest(of: Data([UInt8($0)])) }
        let cache = AssetCache(path: scratch.path("cache"), limit: 35_000)
        for (age, key) in zip([30.0, 20, 10], keys) {
            cache.keep(segment(10_000), for: key)
            let name = try #require(
                FileManager.default.contentsOfDirectory(atPath: cache.path).first { $0.hasPrefix(key.description) })
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: "\(cache.path)/\(name)")
        }
        #expect(cache.segment(for: keys[0]) == segment(10_000))
        cache.keep(segment(10_000), for: keys[3])
        #expect(Set(cache.entries().map(\.key)) == [keys[3], keys[0], keys[2]])
        #expect(cache.clear() == 3 && cache.entries().isEmpty && cache.segment(for: keys[3]) == nil)
    }

    @Test("what a process that was killed left half written is removed, what another is writing is not")
    func leftovers() throws {
        let cache = AssetCache(path: scratch.path("cache"))
        let key = ContentDigest(of: Data([1]))
        cache.keep(EncodedSegment(header: Data([0, 0, 1, 0x67])), for: key)
        let names = ["old.1.2.partial", "new.1.2.partial"]
        for (name, age) in zip(names, [3600.0, 5]) {
            let path = "\(cache.path)/\(name)"
            #expect(FileManager.default.createFile(atPath: path, contents: Data(count: 100)))
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: path)
        }
        cache.keep(EncodedSegment(header: Data([0, 0, 1, 0x67])), for: key)
        let left = try FileManager.default.contentsOfDirectory(atPath: cache.path)
        #expect(left.count == 2 && left.contains(names[1]) && cache.entries().map(\.key) == [key])
    }

    @Test("a cache that cannot be written to fails no run")
    func unwritable() async throws {
        let file = scratch.path("file")
        #expect(FileManager.default.createFile(atPath: file, contents: nil))
        #expect(try await make(AssetCache(path: file), "out.mp4").segments.count == 2)
    }

    @Test("baking makes the segments that runs then find")
    func bake() async throws {
        let cache = AssetCache(path: scratch.path("cache"))
        let size = PictureSize(width: 640, height: 360)
        let baked = try await testRunner(cache: cache).bake(manifest(), sizes: [size])
        #expect(baked.map(\.frames) == [75, 75] && baked.map(\.wasThere) == [false, false])
        #expect(baked.map { $0.assets.map(\.description) } == [["brand/intro.mp4"], ["brand/outro.mp4"]])
        #expect(try await testRunner(cache: cache).bake(manifest(), sizes: [size]).map(\.wasThere) == [true, true])
        #expect(try await make(cache, "out.mp4").segments.map(\.isFromCache) == [true, true])
    }

    /// The clip as it is between bumpers that take its size on.
    private static let keeping = Pipeline("keeping", version: 1, summary: "A test") {
        StripAudio()
        Bumper(.opening, .asset("brand/intro.mp4"), silent: true)
    } output: {
        MP4(video: .h264(preset: .veryfast), frameRate: 30)
    }

    @Test("baking for several sizes makes what differs once for each, and what does not once")
    func bakeSizes() async throws {
        let runner = testRunner(cache: AssetCache(path: scratch.path("cache")))
        let sizes = [PictureSize(width: 320, height: 180), PictureSize(width: 180, height: 320)]
        let keeping = try Self.keeping.compile(assets: Checkout.assets.catalog()).manifest
        #expect(try await runner.bake(keeping, sizes: sizes + sizes).map(\.wasThere) == [false, false])
        #expect(try await runner.bake(manifest(), sizes: sizes).map(\.frames) == [75, 75])
        let report = try await TestSupport.make(
            Self.keeping, of: Checkout.fixture("plain.mp4"), to: scratch.path("out.mp4"), with: runner)
        #expect(report.segments.map(\.isFromCache) == [true])
    }

    @Test("what an asset is, is kept under its content, and found out again where that is damaged")
    func facts() async throws {
        let cache = AssetCache(path: scratch.path("cache"))
        let clip = Checkout.fixture("plain.mp4")
        _ = try await testRunner(cache: cache).plan(manifest(), for: clip)
        let references = try manifest().assets
        for reference in references {
            let found = try await testRunner().probe(Checkout.assets.file(reference.path))
            #expect(cache.info(of: reference.sha256) == found)
        }
        // What is kept is believed…
        let intro = try #require(references.first { $0.path.description == "brand/intro.mp4" })
        var blind = try #require(cache.info(of: intro.sha256))
        let whole = blind
        blind.video = nil
        _ = cache.clear()
        cache.keep(blind, of: intro.sha256)
        await #expect(throws: RunError.self) { try await testRunner(cache: cache).plan(manifest(), for: clip) }
        // … unless a bit of it is another.
        for name in try FileManager.default.contentsOfDirectory(atPath: cache.path) where name.hasSuffix("facts") {
            try Data("damaged".utf8).write(to: URL(filePath: "\(cache.path)/\(name)"))
        }
        _ = try await testRunner(cache: cache).plan(manifest(), for: clip)
        #expect(cache.info(of: intro.sha256) == whole)
    }

    @Test("a clip in whose middle the work is broken off while a segment is made leaves nothing")
    func cancelled() async throws {
        var runner = testRunner(cache: AssetCache(path: scratch.path("cache")))
        runner.disturbance = Disturbance(failing: "encode", piece: 5, cancels: true)
        let clip = Checkout.fixture("plain.mp4")
        let plan = try await runner.plan(manifest(), for: clip)
        let run = try await runner.run(plan, input: clip, output: scratch.path("out.mp4"))
        await #expect(throws: RunError.cancelled) { try await run.report() }
        #expect(try scratch.names().allSatisfy { $0 == "cache" })
    }
}
