import Foundation
import GraphDSL
import LibAV
import Logging
import Stages
import Synchronization
import TestSupport
import Testing

@testable import Runner

/// A run that goes on where the probe stopped gives what one gives that begins anew.
struct BeginningTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let pipeline = Pipeline("small", version: 1, summary: "A test") {
        Scale(to: .size(PictureSize(width: 160, height: 90)))
    } output: {
        MP4(video: .h264(preset: .ultrafast, alwaysEncodes: true), frameRate: 30)
    }

    private func manifest(_ pipeline: Pipeline = pipeline) throws -> Manifest {
        try pipeline.compile(assets: AssetCatalog()).manifest
    }

    /// Opens files, and counts how often.
    private final class Opener: Sendable {
        private let count = Atomic(0)
        var opened: Int { count.load(ordering: .relaxed) }

        func runner(_ wrap: @escaping @Sendable (FileByteSource) -> any ByteSource = { $0 }) -> Runner {
            let inputs = InputOpener { [self] path, _ throws(ByteSourceError) in
                count.add(1, ordering: .relaxed)
                return wrap(try FileByteSource(path: path))
            }
            return Runner(
                assets: Checkout.assets, limits: Limits(memory: 16 << 30), inputs: inputs,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
    }

    private func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: scratch.path(name))) }

    /// Every fixture that is taken.
    private static let fixtures = ((try? FileManager.default.contentsOfDirectory(atPath: Checkout.fixture(""))) ?? [])
        .filter { ["mp4", "mov", "mkv", "webm", "ts", "avi"].contains(($0 as NSString).pathExtension) }.sorted()

    @Test("the output and its report are the same, whatever the clip")
    func same() async throws {
        #expect(Self.fixtures.count > 40)
        var continued = 0
        for name in Self.fixtures {
            let clip = Checkout.fixture(name)
            let opener = Opener()
            let runner = opener.runner()
            guard let plan = try? await runner.plan(manifest(), for: clip) else { continue }
            func run(_ runner: Runner, _ output: String) async -> Result<[String], RunError> {
                do throws(RunError) {
                    let report = try await runner.run(plan, input: clip, output: scratch.path(output)).report()
                    return .success(report.warnings + ["\(report.frames)"])
                } catch { return .failure(error) }
            }
            let first = await run(runner, "on.mp4")
            if opener.opened == 1 { continued += 1 }
            let second = await run(testRunner(), "anew.mp4")
            #expect(first == second, "\(name)")
            if case .success = first { #expect(try bytes("on.mp4") == bytes("anew.mp4"), "\(name)") }
            for name in try scratch.names() { try FileManager.default.removeItem(atPath: scratch.path(name)) }
        }
        // Those that a phone makes, and more.
        #expect(continued > 20, "\(continued)")
    }

    @Test("what was read once is not read again; another plan, and another clip between, begin anew")
    func once() async throws {
        let clip = try TestClip.plain(in: scratch)
        let opener = Opener()
        let runner = opener.runner()
        let plan = try await runner.plan(manifest(), for: clip)
        #expect(plan.inputs[0].streams.count == 2)
        _ = try await runner.run(plan, input: clip, output: scratch.path("a.mp4")).report()
        #expect(opener.opened == 1)
        // It was taken.
        _ = try await runner.run(plan, input: clip, output: scratch.path("b.mp4")).report()
        #expect(opener.opened == 2)
        // The one that was planned for last is kept.
        _ = try await runner.plan(manifest(), for: clip)
        _ = try await runner.plan(manifest(), for: Checkout.fixture("mono.mp4"))
        _ = try await runner.run(plan, input: clip, output: scratch.path("c.mp4")).report()
        #expect(opener.opened == 5)
        // A part that begins later is sought.
        let part = Pipeline("part", version: 1, summary: "A test") {
            Trim(to: 0.5, from: 1.4)
        } output: {
            MP4(video: .h264(preset: .ultrafast), frameRate: 30)
        }
        let later = try await runner.plan(manifest(part), for: clip)
        #expect(later.inputs[0].from.map { $0 > .zero } == true)
        _ = try await runner.run(later, input: clip, output: scratch.path("d.mp4")).report()
        let outputs = try ["a", "b", "c"].map { try bytes("\($0).mp4") }
        #expect(Set(outputs).count == 1)
    }

    @Test("a run that goes on is cancelled while it waits for the clip's bytes")
    func cancelled() async throws {
        /// Gives a clip's beginning, and waits for the rest until it is told to give up.
        struct Waiting: ByteSource {
            let file: FileByteSource
            let limit: Int64
            let waits: AsyncStream<Void>.Continuation
            var size: Int64? { file.size }

            func read(
                at offset: Int64, into span: inout MutableRawSpan, cancellation: CancellationFlag
            ) throws(ByteSourceError) -> Int {
                if offset < limit { return try file.read(at: offset, into: &span, cancellation: cancellation) }
                waits.yield()
                while !cancellation.isCancelled { usleep(1000) }
                throw .transfer("clip", reason: "given up")
            }
        }
        let clip = try TestClip.make(
            "long.mp4", in: scratch,
            "-f lavfi -i testsrc2=s=640x360:r=30:d=20 -c:v libx264 -preset ultrafast -movflags +faststart")
        let (waits, continuation) = AsyncStream.makeStream(of: Void.self)
        let opener = Opener()
        let runner = opener.runner { file in Waiting(file: file, limit: 1 << 20, waits: continuation) }
        let plan = try await runner.plan(manifest(), for: clip)
        let run = try await runner.run(plan, input: clip, output: scratch.path("out.mp4"))
        var iterator = waits.makeAsyncIterator()
        _ = await iterator.next()
        run.cancel()
        await #expect(throws: RunError.cancelled) { try await run.report() }
        #expect(opener.opened == 1)
        #expect(try !scratch.names().contains("out.mp4"))
    }
}
