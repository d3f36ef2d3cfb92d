import GraphDSL
import Pipelines
import Runner
import TestSupport
import Testing

struct SyncTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// A flash of white with a beep, a tenth of a second long, at every full second from `first` on.
    private func flashes(seconds: Int) throws -> String {
        try TestClip.make(
            "flashes.mp4", in: scratch,
            "-f lavfi -i color=black:s=640x360:r=30:d=\(seconds),geq=lum='if(lt(mod(N\\,30)\\,3)*gte(N\\,30)\\,235\\,16)':cb=128:cr=128 "
                + "-f lavfi -i aevalsrc='0.5*sin(2*PI*1000*t)*lt(mod(t\\,1)\\,0.1)*gte(t\\,1)':s=48000:d=\(seconds) "
                + "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac -b:a 192k")
    }

    /// How far a beep's beginning lies from its flash's, in seconds, near a moment.
    private func offset(_ clip: DecodedClip, near second: Double) throws -> Double {
        let numbers = Int((second - 0.5) * 30)..<Int((second + 0.5) * 30)
        let flash = try #require(numbers.first { clip.pictures[$0].map { $0.mean(y: 0.5...1) > 120 } ?? false })
        let start = Int((second - 0.5 - clip.audioStart) * 48_000)
        let samples = clip.samples[start..<start + 48_000]
        let peak = try #require(samples.map(abs).max())
        let beep = try #require(samples.indices.first { abs(clip.samples[$0]) > peak / 3 })
        return Double(beep) / 48_000 + clip.audioStart - Double(flash) / 30
    }

    @Test("interview keeps picture and sound in step, at the start and at the end")
    func interview() async throws {
        let output = scratch.path("out.mp4")
        try await run(publishedManifest("interview@1"), of: try flashes(seconds: 20), to: output)
        let clip = try DecodedClip(output, keeping: { _ in true })
        #expect(clip.frameCount == 25 * 30)
        let (start, end) = (try offset(clip, near: 3.5), try offset(clip, near: 21.5))
        #expect(abs(start) < 0.02, "\(start)")
        #expect(abs(end) < 0.02, "\(end)")
    }
}
