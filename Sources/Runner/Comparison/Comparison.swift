public import GraphDSL

/// How much two pipelines' pictures of one clip differ, frame by frame, before any encoder.
public struct Comparison: Hashable, Codable, Sendable {
    /// How much one pair of frames differs.
    public struct Sample: Hashable, Codable, Sendable {
        /// The frame's number, from 0.
        public var frame: Int
        /// Its time, in seconds of the output.
        public var time: Double
        /// Structural similarity, 1 for the same picture (libavfilter's `ssim`, all planes).
        public var ssim: Double
        /// Peak signal-to-noise ratio in decibels, all planes (libavfilter's `psnr`); nil where no pixel differs.
        public var psnr: Double?
    }

    /// The pairs of frames, in order, as long as both have frames.
    public var samples: [Sample]
    /// How many frames each of the two has.
    public var frames: [Int]
    /// The size of each one's pictures; the second is scaled to the first's to be compared.
    public var sizes: [PictureSize]

    /// The lowest similarity; 1 where there is nothing to compare.
    public var lowest: Double { samples.map(\.ssim).min() ?? 1 }
    /// The mean similarity; 1 where there is nothing to compare.
    public var mean: Double { samples.isEmpty ? 1 : samples.map(\.ssim).reduce(0, +) / Double(samples.count) }

    /// The frames that differ most, the worst first, at least half a second apart; frames that are the same are left out.
    public func worst(_ count: Int) -> [Sample] {
        var chosen: [Sample] = []
        for sample in samples.sorted(by: { ($0.ssim, $0.frame) < ($1.ssim, $1.frame) }) where sample.psnr != nil {
            if chosen.count == count { break }
            if chosen.allSatisfy({ abs($0.time - sample.time) >= 0.5 }) { chosen.append(sample) }
        }
        return chosen
    }
}
