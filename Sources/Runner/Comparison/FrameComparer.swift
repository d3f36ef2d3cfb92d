import GraphDSL
import LibAV

/// Compares two rows of pictures, pair by pair, with libavfilter's `ssim` and `psnr`.
struct FrameComparer {
    private var graph: FilterGraphInstance?
    private(set) var comparison = Comparison(samples: [], frames: [0, 0], sizes: [])
    private let frameRate: Rational

    init(frameRate: Rational) { self.frameRate = frameRate }

    /// Compares until both have ended.
    ///
    /// - Throws: ``AVError``.
    mutating func run(_ first: FrameHandover, _ second: FrameHandover) throws(AVError) {
        while true {
            let (a, b) = (first.frames.pop(), second.frames.pop())
            if a != nil { comparison.frames[0] += 1 }
            if b != nil { comparison.frames[1] += 1 }
            if a == nil, b == nil { return }
            if let a, let b { try compare(a, b) }
        }
    }

    private mutating func compare(_ a: Frame, _ b: Frame) throws(AVError) {
        let number = comparison.samples.count
        a.pts = Int64(number)
        b.pts = Int64(number)
        if graph == nil {
            comparison.sizes = [a, b].map { PictureSize(width: $0.width, height: $0.height) }
            graph = try Self.graph(a, b)
        }
        guard let graph else { return }
        _ = try graph.push(a, to: 0)
        _ = try graph.push(b, to: 1)
        var measures: [String: Double] = [:]
        for _ in 0..<2 {
            guard case .frame(let frame, let output) = try graph.next() else { break }
            let key = output == 0 ? "lavfi.ssim.All" : "lavfi.psnr.psnr_avg"
            measures[key] = frame.metadata(key).flatMap(Double.init)
        }
        let psnr = measures["lavfi.psnr.psnr_avg"].flatMap { $0.isFinite ? $0 : nil }
        comparison.samples.append(
            Comparison.Sample(
                frame: number, time: Double(number) / frameRate.value, ssim: measures["lavfi.ssim.All"] ?? 1, psnr: psnr
            ))
    }

    private static func graph(_ a: Frame, _ b: Frame) throws(AVError) -> FilterGraphInstance {
        func input(_ label: String, _ frame: Frame) -> FilterGraphInstance.Input {
            FilterGraphInstance.Input(
                label: label, first: frame, timeBase: Fraction(1, 1000), frameRate: Fraction(0, 1),
                sampleAspect: Fraction(1, 1))
        }
        let size = "\(a.width):\(a.height)"
        return try FilterGraphInstance(
            text: "[a]split[a1][a2];[b]scale=\(size):flags=bicubic,split[b1][b2];[a1][b1]ssim[s];[a2][b2]psnr[p]",
            inputs: [input("a", a), input("b", b)],
            outputs: [.init(label: "s", isVideo: true), .init(label: "p", isVideo: true)])
    }
}
