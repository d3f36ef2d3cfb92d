import GraphDSL
import LibAV

/// Frame rate of a stream: what the container says, where the times of the frames agree, or else what they say.
struct FrameRateEstimate {
    /// Frames a second on average.
    let rate: Rational
    /// Whether it is variable, or too high to be believed of a few frames.
    let isVariable: Bool
    /// Where the rate comes from.
    let basis: MediaInfo.FrameRateBasis

    /// Faster than any camera's: high-speed clips are played at less.
    private static let fastest: Rational = 480
    /// A rate above which a few frames prove nothing.
    private static let fastestOfFew: Rational = 240
    private static let fewestForHighRate = 10

    /// - Parameters:
    ///   - cadence: the times of the frames; nil where there are too few.
    ///   - isListed: whether the container lists all frames, and so knows its average.
    ///   - frames: how many frames have a known time.
    init(_ facts: StreamDescription.Video, _ cadence: Cadence?, isListed: Bool, frames: Int) {
        let said = Rational(facts.averageFrameRate)
        let base = Rational(facts.baseFrameRate)
        // The container's number is the exact one (30000/1001); a clock's rate is none.
        let isSaid = said.isPositive && said <= Self.fastest
        // A tenth of a percent of difference is rounding of the container's clock.
        let isVariable =
            cadence?.isVariable ?? (isSaid && !isListed && (base.value / said.value - 1).magnitude > 0.001)
        let agrees = cadence.map { isListed || (!$0.isVariable && $0.agrees(with: said)) } ?? true
        var (rate, basis) = (said, MediaInfo.FrameRateBasis.container(frames: cadence == nil ? 0 : frames))
        if let cadence, !isSaid || !agrees {
            (rate, basis) = (cadence.averageRate, .times(frames: frames))
        } else if !isSaid {
            rate = base
        }
        if !rate.isPositive { (rate, basis) = (25, .assumed) }
        self.rate = rate
        self.basis = basis
        self.isVariable = isVariable || (rate > Self.fastestOfFew && frames < Self.fewestForHighRate)
    }
}
