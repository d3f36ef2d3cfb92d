import Foundation
import GraphDSL
import LibAV
import Logging
import Stages
import Synchronization
import TestSupport
import Testing

@testable import Runner

/// Of a clip that is far away only that part of its index is read that its trim needs, and the video is the same.
struct ShortIndexTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// A file as if it were far away, which counts what is read of it.
    private struct Distant: ByteSource {
        let file: FileByteSource
        var isDistant = true
        let read: @Sendable (Range<Int64>) -> Void
        var size: Int64? { file.size }

        func read(
            at offset: Int64, into span: inout MutableRawSpan, cancellation: CancellationFlag
        ) throws(ByteSourceError) -> Int {
            let count = try file.read(at: offset, into: &span, cancellation: cancellation)
            read(offset..<offset + Int64(count))
            return count
        }
    }

    /// Opens files as if they were far away.
    private final class Far: Sendable {
        private let isDistant: Bool
        let opened = Atomic(0)
        let bytes = Atomic<Int64>(0)

        init(isDistant: Bool = true) { self.isDistant = isDistant }

        func open(_ path: String) throws(ByteSourceError) -> Distant {
            opened.add(1, ordering: .relaxed)
            return Distant(file: try FileByteSource(path: path), isDistant: isDistant) { [self] range in
                bytes.add(Int64(range.count), ordering: .relaxed)
            }
        }

        var runner: Runner {
            let inputs = InputOpener { [self] path, _ throws(ByteSourceError) in try open(path) }
            return Runner(
                assets: Checkout.assets, limits: Limits(memory: 16 << 30), inputs: inputs,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
    }

    /// Keeps the first seconds, or some from a moment on.
    private func manifest(_ seconds: Double, from start: Double = 0) throws -> Manifest {
        try Pipeline("short", version: 1, summary: "A test") {
            Trim(to: Seconds(seconds), from: Seconds(start))
            Scale(to: .size(PictureSize(width: 64, height: 36)))
        } output: {
            MP4(video: .h264(preset: .ultrafast), frameRate: 30)
        }.compile(assets: AssetCatalog()).manifest
    }

    private func output(
        _ runner: Runner, _ manifest: Manifest, of clip: String
    ) async throws -> (video: Data, warnings: [String]) {
        let plan = try await runner.plan(manifest, for: clip)
        let path = scratch.path("out.mp4")
        let report = try await runner.run(plan, input: clip, output: path).report()
        return (try Data(contentsOf: URL(filePath: path)), report.warnings)
    }

    /// A small picture and sound, for a long time.
    private func clip(_ name: String, _ options: String, seconds: Int = 300) throws -> String {
        try TestClip.make(
            name, in: scratch,
            "-f lavfi -i testsrc2=s=64x36:r=60:d=\(seconds) -f lavfi -i sine=f=300:d=\(seconds) "
                + "-c:v libx264 -preset ultrafast -c:a aac -b:a 16k -ac 1 \(options)")
    }

    @Test(
        "the video and what is told of the clip are the same, with little of a long clip's index read",
        arguments: [
            ("end.mp4", "", 2), ("front.mp4", "-movflags +faststart", 2), ("reordered.mov", "-bf 3 -g 90", 2),
            // Its first picture is held, which changes times: how much is read cannot be told.
            ("delayed.mp4", "-af adelay=700 -output_ts_offset 0.7 -bf 2 -movflags +faststart", 3),
            ("rare-keys.mp4", "-g 3000 -bf 2 -video_track_timescale 90000", 2),
        ])
    func same(name: String, options: String, openings: Int) async throws {
        let clip = try clip(name, options)
        for (seconds, start) in [(4.0, 0.0), (3.0, 21.5)] {
            let (far, near) = (Far(), Far(isDistant: false))
            let manifest = try manifest(seconds, from: start)
            #expect(try await far.runner.plan(manifest, for: clip) == near.runner.plan(manifest, for: clip))
            let (video, warnings) = try await output(far.runner, manifest, of: clip)
            let (expected, others) = try await output(near.runner, manifest, of: clip)
            #expect(video == expected && warnings == others)
            #expect(far.opened.load(ordering: .relaxed) == openings)
            let (read, whole) = (far.bytes.load(ordering: .relaxed), near.bytes.load(ordering: .relaxed))
            if openings == 2 { #expect(read < whole / 2, "\(read) of \(whole)") }
        }
    }

    @Test("a clip of which more is needed than was thought is begun anew, and whole")
    func exceeded() async throws {
        // A picture each ten seconds: that the one at 10 s is shown until 20 s is told by the third alone.
        let clip = try TestClip.make(
            "slow.mp4", in: scratch,
            "-f lavfi -i testsrc2=s=64x36:r=1/10:d=900 -f lavfi -i sine=f=300:d=900 -c:v libx264 -preset ultrafast "
                + "-c:a aac -b:a 16k -ac 1")
        let manifest = try manifest(12)
        let far = Far()
        let (video, warnings) = try await output(far.runner, manifest, of: clip)
        let (expected, others) = try await output(testRunner(), manifest, of: clip)
        #expect(video == expected && warnings == others)
        #expect(far.opened.load(ordering: .relaxed) == 2)
    }

    @Test("what is not trimmed is read whole, and so is what is short")
    func whole() async throws {
        let clip = try clip("long.mp4", "", seconds: 200)
        let untrimmed = try Pipeline("all", version: 1, summary: "A test") {
            StripAudio()
        } output: {
            MP4(video: .h264(preset: .ultrafast), frameRate: 30)
        }.compile(assets: AssetCatalog()).manifest
        for (manifest, clip) in [(untrimmed, clip), (try manifest(1), Checkout.fixture("plain.mp4"))] {
            let (video, _) = try await output(Far().runner, manifest, of: clip)
            #expect(try await video == output(testRunner(), manifest, of: clip).video)
        }
    }

    /// Every clip of a kind that has such an index.
    private static let clips: [String] = {
        let fixtures = (try? FileManager.default.contentsOfDirectory(atPath: Checkout.fixture(""))) ?? []
        let corpus = Checkout.corpus("MANIFEST.tsv").map { ($0 as NSString).deletingLastPathComponent }
        let others = corpus.flatMap { try? FileManager.default.contentsOfDirectory(atPath: $0) } ?? []
        return (fixtures.map { Checkout.fixture($0) } + others.compactMap(Checkout.corpus))
            .filter { ["mp4", "mov"].contains(($0 as NSString).pathExtension) }.sorted()
    }()

    /// All packets that can be read, by their streams.
    private func all(_ demuxer: Demuxer) -> [Int: [Packet]] {
        var packets: [Int: [Packet]] = [:]
        while let packet = try? demuxer.next() { packets[packet.stream, default: []].append(packet) }
        return packets
    }

    private func isSame(_ left: Packet, _ right: Packet) -> Bool {
        left.stream == right.stream && left.pts == right.pts && left.dts == right.dts && left.size == right.size
            && left.isKey == right.isKey
    }

    @Test("up to its end, the packets of every clip are those that it has, however short the index")
    func packets() throws {
        var shortened = 0
        for clip in Self.clips {
            guard let file = try? FileByteSource(path: clip),
                let short = try ShortIndexSource(file, seconds: 0, least: 8, cancellation: CancellationFlag()),
                let whole = try? Demuxer(file, depth: .headers, cancellation: CancellationFlag())
            else { continue }
            let demuxer = try Demuxer(short, depth: .headers, cancellation: CancellationFlag())
            #expect(demuxer.streams == whole.streams && demuxer.duration == whole.duration, "\(clip)")
            for stream in demuxer.streams.indices {
                #expect(demuxer.index(of: stream)?.times == whole.index(of: stream)?.times, "\(clip)")
                #expect(demuxer.keyTimes(of: stream) == whole.keyTimes(of: stream), "\(clip)")
            }
            // Where one stream's part ends before another's they come in another order.
            let (packets, real) = (all(demuxer), all(whole))
            #expect(short.isExceeded, "\(clip)")
            for (stream, packets) in packets {
                let real = real[stream]?.prefix(packets.count) ?? []
                #expect(real.count == packets.count && zip(packets, real).allSatisfy(isSame), "\(clip), \(stream)")
            }
            #expect(packets.count == real.count, "\(clip)")
            shortened += 1
        }
        #expect(shortened > 10, "\(shortened)")
    }

    /// The same numbers at each run (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return value ^ value >> 31
        }
    }

    @Test("an index that is damaged does no harm, and nothing is read that is not there")
    func damaged() throws {
        let clip = try TestClip.make(
            "small.mp4", in: scratch,
            "-f lavfi -i testsrc2=s=64x36:r=30:d=20 -f lavfi -i sine=f=300:d=20 -c:v libx264 -preset ultrafast -bf 2 "
                + "-c:a aac -b:a 16k -ac 1 -movflags +faststart")
        let content = try Data(contentsOf: URL(filePath: clip))
        let moov = try #require(content.firstRange(of: Data("moov".utf8))).lowerBound
        let mdat = try #require(content.firstRange(of: Data("mdat".utf8))).lowerBound
        var generator = SplitMix(state: 7)
        var (shortened, read) = (0, 0)
        for number in 0..<400 {
            var damaged = content
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: moov..<mdat, using: &generator)
                damaged[place] =
                    [0, 1, 0x7f, 0x80, 0xff, UInt8.random(in: 0...255, using: &generator)]
                    .randomElement(using: &generator) ?? 0
            }
            let path = scratch.path("damaged-\(number % 2).mp4")
            try damaged.write(to: URL(filePath: path))
            let file = Distant(file: try FileByteSource(path: path)) { range in
                #expect(range.upperBound <= content.count && !range.isEmpty, "\(number)")
            }
            guard
                let short = try ShortIndexSource(file, seconds: 1, least: 8, cancellation: CancellationFlag())
            else { continue }
            shortened += 1
            guard let demuxer = try? Demuxer(short, depth: .headers, cancellation: CancellationFlag()) else {
                continue
            }
            for packet in all(demuxer).values.joined() { #expect(packet.size < content.count, "\(number)") }
            read += 1
        }
        #expect(shortened > 100 && read > 50, "\(shortened), \(read)")
    }
}
