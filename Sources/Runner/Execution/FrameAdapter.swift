import GraphDSL
import LibAV

/// Makes the frames of a stream that changes its size or format on the way look like those that the plan was made for:
/// browsers record calls in changing sizes, broadcasts switch between mono and stereo.
///
/// A picture of another size is fitted in, with black around it where its shape differs.
final class FrameAdapter {
    private let filters: [Filter]
    private let isTarget: (Frame) -> Bool
    private var graph: FilterGraphInstance?
    private var shape: Frame.Shape?

    /// An adapter to what a plan says of a picture, and to what the first frame of a sound is.
    init(to stream: Plan.Stream, first: Frame) {
        if let size = stream.size {
            let (width, height) = (OptionValue.integer(size.width), OptionValue.integer(size.height))
            filters = [
                .scale(fittingIn: width, height), .pixelFormat(stream.format ?? first.formatName),
                .pad(
                    width: width, height: height, x: .expression("(ow-iw)/2"), y: .expression("(oh-ih)/2"),
                    colour: .black),
            ]
            let format = stream.format ?? first.formatName
            isTarget = { $0.width == size.width && $0.height == size.height && $0.formatName == format }
        } else {
            let sound = StreamDescription.Audio(first)
            filters = [
                Filter(
                    "aformat",
                    [
                        "sample_fmts": .text(first.formatName), "sample_rates": .text(String(sound.sampleRate)),
                        "channel_layouts": .text(sound.channelLayout),
                    ], outputs: [.audio])
            ]
            let target = first.shape
            isTarget = { $0.shape == target }
        }
    }

    /// The frame as it is planned for; nil where a change of sampling rate holds it back for a moment.
    ///
    /// - Throws: ``AVError`` where libavfilter cannot convert it.
    func adapt(_ decoded: DecodedFrame) throws(AVError) -> DecodedFrame? {
        guard !isTarget(decoded.frame) else { return decoded }
        if decoded.frame.shape != shape {
            shape = decoded.frame.shape
            graph = try configure(decoded)
        }
        guard let graph else { return nil }
        let end = decoded.end
        _ = try graph.push(decoded.frame, to: 0)
        guard case .frame(let frame, _) = try graph.next() else { return nil }
        frame.pts = frame.pts.map { graph.timeBase(ofOutput: 0).rescale($0, to: decoded.timeBase) }
        return DecodedFrame(
            frame: frame, timeBase: decoded.timeBase, frameRate: decoded.frameRate, end: end)
    }

    private func configure(_ decoded: DecodedFrame) throws(AVError) -> FilterGraphInstance {
        let isVideo = decoded.frame.width > 0
        return try FilterGraphInstance(
            text: "[in]\(filters.compactMap(\.text).joined(separator: ","))[out]",
            inputs: [
                .init(
                    label: "in", first: decoded.frame, timeBase: decoded.timeBase, frameRate: decoded.frameRate,
                    sampleAspect: Fraction(isVideo ? 1 : 0, 1))
            ],
            outputs: [.init(label: "out", isVideo: isVideo)], threads: 1)
    }
}
