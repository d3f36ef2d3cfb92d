import Glibc
public import GraphDSL
import LibAV

extension DryRun {
    /// How many frames of the body a sample has: one key frame and enough others to see their size.
    static let sampleFrames = 48
    /// How long frames are taken for a sample; nearly as long again goes for what the encoder then holds.
    public static let sampleTime = Seconds(0.8)

    /// A frame of a whole run takes less time than one of a sample, at whose end the encoder empties itself with nothing
    /// beside it; and a run holds a little more. The ratios were measured on eight runs of 30 to 300 s.
    private static let (timeRatio, memoryRatio) = (0.8, 1.07)

    /// - Parameter cache: where the run would find encoded bumpers.
    init(
        _ plan: Plan, _ report: RunReport, _ sampled: (sample: Sample?, links: [FilterGraphInstance.Link]),
        _ cache: AssetCache?
    ) {
        let sample = sampled.sample ?? Sample()
        let frames = plan.frames
        let encoded = Self.encodedFrames(plan, cache)
        self.init(
            pipeline: plan.pipeline, digest: plan.digest, inputs: report.inputs, normalisations: plan.normalisations,
            links: Self.inputsFirst(sampled.links).map { Link($0, plan) },
            output: Output(
                size: PictureSize(width: sample.size.width, height: sample.size.height),
                frameRate: plan.output.frameRate, frames: frames, duration: plan.duration, hasAudio: plan.hasAudio,
                bytes: frames.flatMap { Self.bytes(sample, frames: $0, plan) }),
            cost: Cost(
                seconds: encoded.flatMap { Self.seconds(sample, frames: $0, report) },
                memory: Int(Self.memoryRatio * Double(Self.peakMemory + Self.encoderMemory(sample, plan))),
                encodedFrames: encoded, sampledFrames: sample.frames,
                sampleSeconds: (report.wallSeconds * 100).rounded() / 100),
            warnings: plan.warnings + plan.advice)
    }

    /// The frames that a run would encode: the body's, and those of the segments that are not in the cache.
    private static func encodedFrames(_ plan: Plan, _ cache: AssetCache?) -> Int? {
        guard plan.body.copied == nil else { return 0 }
        guard let body = plan.body.frames else { return nil }
        let segments = Dictionary(plan.segments.compactMap { part in part.key.map { ($0, part.plan) } }) { first, _ in
            first
        }
        let missing = segments.filter { cache?.segment(for: $0.key) == nil }
        return missing.values.reduce(body) { $0 + ($1.frames ?? 0) }
    }

    /// libavfilter lists its own filters before the inputs and those that it put in.
    private static func inputsFirst(_ links: [FilterGraphInstance.Link]) -> [FilterGraphInstance.Link] {
        links.filter { $0.from.hasPrefix("in") } + links.filter { !$0.from.hasPrefix("in") }
    }

    /// Key frames come every 250 frames by x264's default (`keyint`), and with each cut.
    private static func bytes(_ sample: Sample, frames: Int, _ plan: Plan) -> Int64? {
        guard sample.frames > 0 else { return nil }
        func mean(_ sizes: [Int]) -> Double { sizes.isEmpty ? 0 : Double(sizes.reduce(0, +)) / Double(sizes.count) }
        let keys = Double((frames + 249) / 250)
        let video = keys * mean(sample.keyBytes) + max(0, Double(frames) - keys) * mean(sample.deltaBytes)
        let audio = plan.hasAudio ? Double(plan.output.audio.bitRate) / 8 * (plan.duration?.value ?? 0) : 0
        return Int64(video + audio)
    }

    private static func seconds(_ sample: Sample, frames: Int, _ report: RunReport) -> Double? {
        guard sample.frames > 0 else { return nil }
        let before = max(0, report.wallSeconds - sample.seconds)
        // Looking ahead, which all had that went in, is about a quarter of the encoder's work.
        let done = 0.75 * Double(sample.frames) + 0.25 * Double(sample.sent)
        return ((before + Self.timeRatio * sample.seconds / done * Double(frames)) * 10).rounded() / 10
    }

    /// The frames that an encoder will hold and the sample did not fill it with: it keeps each with a half-size copy to
    /// look ahead in (x264's `lowres`, four planes of a quarter each).
    private static func encoderMemory(_ sample: Sample, _ plan: Plan) -> Int {
        let missing = max(0, (plan.output.video.lookahead ?? 40) + 20 - sample.sent)
        return missing * sample.size.width * sample.size.height * 5 / 2
    }

    /// The most memory that this process has held, in bytes (getrusage(2): `ru_maxrss` is in KiB).
    private static var peakMemory: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss << 10
    }
}

extension DryRun.Link {
    init(_ link: FilterGraphInstance.Link, _ plan: Plan) {
        let filters = plan.graph.nodes.filter { if case .filter = $0.operation { true } else { false } }
        let from = Self.name(link.from, plan)
        self.init(
            from: from.words, stage: from.index.flatMap { filters.indices.contains($0) ? filters[$0].stage : nil },
            to: Self.name(link.to, plan).words, kind: link.isVideo ? .video : .audio, format: link.format,
            size: link.isVideo ? PictureSize(width: link.size.width, height: link.size.height) : nil,
            sampleAspect: link.sampleAspect.isPositive ? Rational(link.sampleAspect) : nil,
            frameRate: link.frameRate.isPositive ? Rational(link.frameRate) : nil,
            sampleRate: link.isVideo ? nil : link.sampleRate, channelLayout: link.isVideo ? nil : link.channelLayout,
            timeBase: Rational(link.timeBase))
    }

    /// What people call a filter, and which of the text's filters it is: libavfilter names them `Parsed_NAME_N`, those that
    /// it puts in `auto_NAME_N`, and inputs and outputs are `inN` and `outN` here.
    private static func name(_ name: String, _ plan: Plan) -> (words: String, index: Int?) {
        let parts = name.split(separator: "_")
        if parts.count > 2, let index = Int(parts[parts.count - 1]) {
            let filter = parts[1..<(parts.count - 1)].joined(separator: "_")
            if parts[0] == "Parsed" { return (filter, index) }
            if parts[0] == "auto" { return ("\(filter) (put in by libavfilter)", nil) }
        }
        if name.hasPrefix("out"), let index = Int(name.dropFirst(3)), plan.sinks.indices.contains(index) {
            return ("output \(plan.sinks[index].label)", nil)
        }
        let streams = plan.inputs.flatMap { input in input.streams.map { (input, $0) } }
        if name.hasPrefix("in"), let index = Int(name.dropFirst(2)), streams.indices.contains(index) {
            let (input, stream) = streams[index]
            return ("\(input.asset?.description ?? "clip") \(stream.kind.rawValue)", nil)
        }
        return (name, nil)
    }
}
