import GraphDSL
import Runner
import Stages
import TestSupport
import Testing

@Suite(.serialized)
struct ComparisonTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func plan(_ clip: String, @StageBuilder _ stages: () -> [PlacedStage]) async throws -> Plan {
        let pipeline = Pipeline("compared", version: 1, summary: "A test", stages: stages) { MP4(frameRate: 30) }
        return try await testRunner().plan(pipeline.compile(assets: Checkout.assets.catalog()).manifest, for: clip)
    }

    @Test("the same pipeline gives the same pixels")
    func same() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 1)
        let plan = try await plan(clip) { Crop(to: .ratio(1, 1)) }
        let comparison = try await testRunner().compare(plan, plan, input: clip)
        #expect(comparison.frames == [30, 30] && comparison.samples.count == 30)
        #expect(comparison.samples.allSatisfy { $0.ssim == 1 && $0.psnr == nil })
        #expect(comparison.worst(5).isEmpty && comparison.lowest == 1 && comparison.mean == 1)
    }

    @Test("what differs for a while is found at its time, and frames that one alone has are counted")
    func different() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 3)
        let titled = try await plan(clip) { Title("HELLO", at: .center, size: .share(0.4), from: 1, for: 0.5) }
        let short = try await plan(clip) { Trim(to: 2) }
        let comparison = try await testRunner().compare(titled, short, input: clip)
        #expect(comparison.frames == [90, 60] && comparison.samples.count == 60)
        let changed = comparison.samples.filter { $0.psnr != nil }.map(\.frame)
        #expect(changed == Array(30..<45))
        let worst = try #require(comparison.worst(3).first)
        #expect(comparison.worst(3).count == 1 && (1...1.5).contains(worst.time) && worst.ssim < 0.95)
    }

    @Test("pictures of two sizes are compared at the first's")
    func sizes() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 0.5)
        let small = try await plan(clip) { Scale(to: .size(PictureSize(width: 160, height: 90))) }
        let plain = try await plan(clip) { Trim(to: 1) }
        let comparison = try await testRunner().compare(plain, small, input: clip)
        #expect(comparison.sizes == [PictureSize(width: 320, height: 180), PictureSize(width: 160, height: 90)])
        #expect((0.3...0.99).contains(comparison.mean))
    }

    @Test("a clip of which nothing can be decoded ends both sides, and cancelling does")
    func ends() async throws {
        let clip = try TestClip.plain(in: scratch, seconds: 60, size: "1280x720")
        let plan = try await plan(clip) { Trim(to: 60) }
        // Before there is a graph, while it is made, and when frames flow.
        for delay in [0, 1, 5, 20, 200] {
            let task = Task { try await testRunner().compare(plan, plan, input: clip) }
            try await Task.sleep(for: .milliseconds(delay))
            task.cancel()
            await #expect(throws: RunError.cancelled) { try await task.value }
        }
        let damaged = Checkout.fixture("damaged-much.mp4")
        let lost = try await self.plan(damaged) { Trim(to: 60) }
        await #expect(throws: RunError.self) { try await testRunner().compare(lost, lost, input: damaged) }
    }
}
