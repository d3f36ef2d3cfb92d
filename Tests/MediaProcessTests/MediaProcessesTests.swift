import Foundation
import GraphDSL
import LibAV
import Logging
import MediaProcess
import Pipelines
import Runner
import Stages
import TestSupport
import Testing

/// Jobs of media processes, held against the same work in this process.
@Suite(.serialized)
struct MediaProcessesTests {
    let scratch: Scratch
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let processes: MediaProcesses

    init() throws {
        scratch = try Scratch()
        processes = MediaProcesses(program: Checkout.program("cortina-media"), width: 2, logger: logger)
    }

    /// A file whose bytes are asked for by range.
    private struct Remote: ByteSource {
        let file: FileByteSource
        var size: Int64? { file.size }
        var isDistant: Bool { true }

        func read(
            at offset: Int64, into span: inout MutableRawSpan, cancellation: CancellationFlag
        ) throws(ByteSourceError) -> Int {
            try file.read(at: offset, into: &span, cancellation: cancellation)
        }
    }

    private func make(
        _ manifest: Manifest, of source: any ByteSource, cache: AssetCache? = nil, posterWidth: Int? = nil
    ) async throws -> (made: MediaProcesses.Made, file: String) {
        let path = scratch.path("\(UUID().uuidString).mp4")
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        let made = try await processes.make(
            Array(manifest.canonicalJSON), of: source, name: "the clip", to: descriptor, assets: Checkout.assets,
            cache: cache, limits: Limits(), posterWidth: posterWidth)
        return (made, path)
    }

    private func inProcess(_ manifest: Manifest, _ clip: String) async throws -> Data {
        let output = scratch.path("\(UUID().uuidString).mp4")
        let runner = Runner(assets: Checkout.assets, limits: Limits(memory: 16 << 30), logger: logger)
        let run = try await runner.run(try await runner.plan(manifest, for: clip), input: clip, output: output)
        _ = try await run.report()
        return try Data(contentsOf: URL(filePath: output))
    }

    @Test(
        "a video is the same as without the separation, read as a file and by ranges",
        arguments: ["showcase", "interview"])
    func same(name: String) async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 1.5, size: "640x480")
        let pipeline = try #require(Catalog.cortina.pipelines.last { $0.name == name })
        let manifest = try pipeline.compile(assets: Checkout.assets.catalog()).manifest
        let expected = try await inProcess(manifest, clip)
        let file = try FileByteSource(path: clip)
        let (made, near) = try await make(manifest, of: file, posterWidth: 320)
        #expect(try Data(contentsOf: URL(filePath: near)) == expected)
        let (_, far) = try await make(manifest, of: Remote(file: file))
        #expect(try Data(contentsOf: URL(filePath: far)) == expected)
        #expect(made.report.bytesWritten == Int64(expected.count))
        #expect(made.poster?.starts(with: [0xFF, 0xD8]) == true)
    }

    @Test("text is drawn in the font that fontconfig finds, though no file is opened by name")
    func text() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 0.5, size: "640x360")
        let manifest = try Pipeline("titled", version: 1, summary: "A test") {
            Title("Ana y Li", font: "DejaVu Serif")
            Title("unnamed family", at: .top, font: "No such family")
        } output: {
            MP4(frameRate: 30)
        }.compile(assets: AssetCatalog()).manifest
        let (made, file) = try await make(manifest, of: try FileByteSource(path: clip))
        #expect(try await Data(contentsOf: URL(filePath: file)) == inProcess(manifest, clip))
        #expect(made.report.filterGraph.contains("fontfile"))
    }

    @Test("bumpers in the cache are used, a job beside a stranger's file adds none, and baking does")
    func cache() async throws {
        let clip = try FileByteSource(path: try TestClip.plain(in: scratch, seconds: 0.5, size: "640x360"))
        let cache = AssetCache(path: scratch.path("cache"))
        let pipeline = try #require(Catalog.cortina.pipelines.first { $0.name == "showcase" })
        let manifest = try pipeline.compile(assets: Checkout.assets.catalog()).manifest
        let cold = try await make(manifest, of: clip, cache: cache).made
        #expect(cold.report.segments.allSatisfy { !$0.isFromCache } && cache.entries().isEmpty)
        let count = try await processes.bake(
            Array(manifest.canonicalJSON), size: cold.size, assets: Checkout.assets, cache: cache, limits: Limits())
        #expect(count == 2 && cache.entries().count == 2)
        let warm = try await make(manifest, of: clip, cache: cache).made
        #expect(warm.report.segments.count == 2 && warm.report.segments.allSatisfy(\.isFromCache))
    }

    @Test("errors keep their kind and their words on the way")
    func errors() async throws {
        let path = scratch.path("notes.mp4")
        try Data("not a video".utf8).write(to: URL(filePath: path))
        let error = await #expect(throws: RunError.self) {
            try await processes.probe(try FileByteSource(path: path), name: "notes.mp4", limits: Limits())
        }
        let expected = await #expect(throws: RunError.self) {
            try await Runner(assets: Checkout.assets, logger: logger).probe(path)
        }
        #expect(error?.classification == expected?.classification)
        #expect(error?.description == expected?.description.replacing(path, with: "notes.mp4"))
    }

    @Test("a source that fails is the source's error, not a crash")
    func failingSource() async throws {
        struct Failing: ByteSource {
            let size: Int64? = 1000
            func read(
                at offset: Int64, into span: inout MutableRawSpan, cancellation: CancellationFlag
            ) throws(ByteSourceError) -> Int {
                throw .transfer("the store", reason: "it is away")
            }
        }
        await #expect(throws: RunError.unreachableInput("the store", reason: "it is away")) {
            try await processes.probe(Failing(), name: "clip", limits: Limits())
        }
    }

    @Test("jobs wait for their turn, and too many are turned away")
    func turns() async throws {
        let clip = try FileByteSource(path: try TestClip.plain(in: scratch, seconds: 0.2, size: "64x64"))
        let narrow = MediaProcesses(
            program: Checkout.program("cortina-media"), width: 1, waiting: 3, keepsSpare: false, logger: logger)
        let results = await withTaskGroup { group in
            for _ in 0..<12 {
                group.addTask { () -> RunError? in
                    do throws(RunError) {
                        _ = try await narrow.probe(clip, name: "clip", limits: Limits())
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            var results: [RunError?] = []
            for await result in group { results.append(result) }
            return results
        }
        #expect(results.count { $0 == nil } >= 4 && results.allSatisfy { $0 == nil || $0 == .busy })
    }
}
