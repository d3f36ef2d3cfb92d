import FoundationEssentials
import GraphDSL
import Runner

/// The page of `diff`: what changed, how similar the pictures are over time, and the frames that differ most.
struct DiffPage {
    private let difference: ManifestDifference
    private let comparison: Comparison
    private let clip: String
    private let worst: [(sample: Comparison.Sample, first: Still, second: Still)]

    /// Makes the pictures of the frames that differ most.
    init(
        _ difference: ManifestDifference, _ comparison: Comparison, _ stills: (StillMaker, StillMaker), clip: String
    ) async throws {
        self.difference = difference
        self.comparison = comparison
        self.clip = clip
        var worst: [(Comparison.Sample, Still, Still)] = []
        for sample in comparison.worst(6) {
            // Well inside the frame's time.
            let time = Seconds(sample.time + 0.001)
            worst.append(
                (sample, try await stills.0.after(at: time, width: 640), try await stills.1.after(at: time, width: 640))
            )
        }
        self.worst = worst
    }

    /// The page as a file.
    var text: String {
        let marks: [ManifestDifference.Line.Mark: String] = [.same: " ", .removed: "-", .added: "+"]
        let lines = difference.lines.map { line -> HTML in
            "<span class=\"\(line.mark.rawValue)\">\(marks[line.mark] ?? "") \(line.text)</span>"
        }
        return Page(
            title: "\(difference.names.0) and \(difference.names.1)",
            content: """
                <h1>What differs</h1>
                <p class="quiet">\(difference.names.0) and \(difference.names.1), on \(clip)</p>
                <h2>Graph</h2>
                <pre class="scroll diff">\(lines)</pre>
                <h2>Similarity over time</h2>
                <p>SSIM \(Self.rounded(comparison.mean, 4)) in the mean, \(Self.rounded(comparison.lowest, 4)) at the lowest, \
                over \(comparison.samples.count) frames\(counts).</p>
                \(Plot(title: "SSIM", points: points { $0.ssim }, range: min(0.9, comparison.lowest)...1).html)
                \(Plot(title: "PSNR, dB (60 and more: no visible difference)", points: points { min(60, $0.psnr ?? 60) }, range: 10...60).html)
                <h2>Frames that differ most</h2>
                \(worst.isEmpty ? "<p>Every pixel of every frame is the same.</p>" : "" as HTML)
                \(HTML.each(worst, Self.pair))
                """
        ).text
    }

    private var counts: String {
        comparison.frames[0] == comparison.frames[1]
            ? "" : "; the first has \(comparison.frames[0]), the second \(comparison.frames[1])"
    }

    private func points(_ value: (Comparison.Sample) -> Double) -> [(x: Double, y: Double)] {
        comparison.samples.map { ($0.time, value($0)) }
    }

    private static func pair(_ item: (sample: Comparison.Sample, first: Still, second: Still)) -> HTML {
        let sample = item.sample
        let psnr = sample.psnr.map { ", PSNR \(rounded($0, 1)) dB" } ?? ""
        return """
            <h3>\(rounded(sample.time, 2)) s: SSIM \(rounded(sample.ssim, 4))\(psnr)</h3>
            <div class="pair">
            <figure><img alt="The first" src="\(PreviewPage.url(item.first))"><figcaption>first</figcaption></figure>
            <figure><img alt="The second" src="\(PreviewPage.url(item.second))"><figcaption>second</figcaption></figure>
            </div>
            """
    }

    private static func rounded(_ number: Double, _ digits: Int) -> Double {
        let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
        return (number * scale).rounded() / scale
    }
}

/// A line over time, as a picture in a page.
struct Plot {
    let title: String
    let points: [(x: Double, y: Double)]
    let range: ClosedRange<Double>

    private static let (width, height, left, bottom) = (960.0, 200.0, 48.0, 24.0)

    /// The picture.
    var html: HTML {
        let longest = max(points.last?.x ?? 1, 0.001)
        func x(_ value: Double) -> Double { Self.left + value / longest * (Self.width - Self.left - 8) }
        func y(_ value: Double) -> Double {
            let share = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
            return 8 + (1 - min(1, max(0, share))) * (Self.height - Self.bottom - 8)
        }
        func short(_ number: Double) -> Double { (number * 100).rounded() / 100 }
        let line = points.map { "\(short(x($0.x))),\(short(y($0.y)))" }.joined(separator: " ")
        let steps = (0...4).map { range.lowerBound + Double($0) / 4 * (range.upperBound - range.lowerBound) }
        let times = (0...6).map { Double($0) / 6 * longest }
        return """
            <div class="scroll"><svg class="plot" viewBox="0 0 \(Self.width) \(Self.height)" role="img" aria-label="\(title)">
            \(HTML.each(steps) { "<line x1=\"\(Self.left)\" x2=\"\(Self.width - 8)\" y1=\"\(short(y($0)))\" y2=\"\(short(y($0)))\" stroke=\"var(--line)\"/><text x=\"\(Self.left - 6)\" y=\"\(short(y($0)) + 4)\" text-anchor=\"end\">\(short($0))</text>" })
            \(HTML.each(times) { "<text x=\"\(short(x($0)))\" y=\"\(Self.height - 6)\" text-anchor=\"\($0 == longest ? "end" : "middle")\">\(short($0)) s</text>" })
            <polyline points="\(line)" fill="none" stroke="var(--accent)" stroke-width="1.5" stroke-linejoin="round"/>
            <text x="\(Self.left + 6)" y="20" font-weight="600">\(title)</text>
            </svg></div>
            """
    }
}
