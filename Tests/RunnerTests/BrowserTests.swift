import Foundation
import Runner
import TestSupport
import Testing

/// What Chromium makes of the videos.
struct BrowserTests {
    /// What `Tests/browser.py` writes.
    private struct Showing: Decodable {
        var duration: Double
        var ended: Bool
        var error: String?
        var shown: [Double]
        var pictures: [[Double]]
    }

    /// Columns and rows in which pictures are compared.
    private static let (columns, rows) = (16, 9)

    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// How bright a picture is in each field, as a screen has it: its luma is BT.709's, of limited range.
    private func brightness(_ picture: DecodedClip.Picture) -> [Double] {
        let (width, height) = (1 / Double(Self.columns), 1 / Double(Self.rows))
        return (0..<Self.columns * Self.rows).map { field in
            let (x, y) = (Double(field % Self.columns) * width, Double(field / Self.columns) * height)
            return (picture.mean(x: x...x + width, y: y...y + height) - 16) * 255 / 219
        }
    }

    private func difference(_ a: [Double], _ b: [Double]) -> Double {
        zip(a, b).map { abs($0 - $1) }.reduce(0, +) / Double(a.count)
    }

    @Test(
        "it plays to its end, and shows each frame at its time, at the seams too, silent and with sound",
        arguments: ["showcase@3", "interview@1"])
    func seams(name: String) async throws {
        // Each frame is as bright as none of its nine neighbours.
        let clip = try TestClip.make(
            "clip.mp4", in: scratch,
            """
            -f lavfi -i nullsrc=s=320x180:r=30:d=2,geq=lum=40+18*mod(N\\,10):cb=128:cr=128 -f lavfi -i sine=f=440:r=48000:d=2
            -pix_fmt yuv420p -c:v libx264 -preset ultrafast -crf 8 -color_range tv -colorspace bt709 -color_primaries bt709
            -color_trc bt709 -c:a aac
            """)
        let output = scratch.path("out.mp4")
        let frames = try await run(publishedManifest(name), of: clip, to: output).frames
        #expect(frames == 210)
        let looked = [0, 1, 73, 74, 75, 76, 104, 133, 134, 135, 136, 208, 209]
        let result = try await Tool.runAside(
            Checkout.file(".build/python/bin/python"),
            [Checkout.file("Tests/browser.py"), output, "30"] + looked.map(String.init))
        try #require(result.status == 0, "\(result.errors)")
        let showing = try JSONDecoder().decode(Showing.self, from: Data(result.output.utf8))
        #expect(showing.ended && showing.error == nil)
        #expect(abs(showing.duration - 7) < 0.05, "\(showing.duration) s")
        #expect(zip(showing.shown, showing.shown.dropFirst()).allSatisfy { $0 < $1 })
        let decoded = try DecodedClip(output, keeping: looked.contains)
        let expected = try looked.map { brightness(try #require(decoded.pictures[$0])) }
        for (index, picture) in showing.pictures.enumerated() {
            let differences = expected.map { difference($0, picture) }
            let least = try #require(differences.min())
            #expect(
                differences[index] < 4 && differences[index] <= least + 0.5,
                "frame \(looked[index]): \(differences.map { ($0 * 10).rounded() / 10 })")
        }
    }
}
