public import GraphDSL

/// Brings the sound to one loudness, measured and adjusted as it goes by (EBU R 128).
public struct Loudness: Stage {
    /// The programme loudness to reach, in LUFS.
    public var target: Double
    /// The highest true peak, in dBTP.
    public var truePeak: Double
    /// The loudness range to keep within, in LU.
    public var range: Double

    /// Brings the sound to `target` LUFS. The defaults for it and `truePeak` are EBU R 128's own (2020, sections h, i).
    public init(target: Double = -23, truePeak: Double = -1, range: Double = 11) {
        self.target = target
        self.truePeak = truePeak
        self.range = range
    }

    public static let descriptor = StageDescriptor(
        "loudness", "Brings the sound to one loudness (EBU R 128)", needs: "sound",
        gives: "the sound at the target loudness",
        example: "Loudness(target: -16)"
    ) {
        ParameterDescriptor("target", \Loudness.target, in: .between(-70, -5), default: -23, "programme loudness, LUFS")
        ParameterDescriptor("truePeak", \Loudness.truePeak, in: .between(-9, 0), default: -1, "highest peak, dBTP")
        ParameterDescriptor("range", \Loudness.range, in: .between(1, 20), default: 11, "loudness range, LU")
    }

    public func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        let audio = try graph.audio(of: clip)
        let normalised = graph.filter(.loudness(integrated: target, truePeak: truePeak, range: range), on: audio)
        var clip = clip
        // loudnorm works at 192 kHz, to see peaks between samples, and gives its last three seconds in one piece: cut up,
        // they are converted without buffers of that size.
        let pieces = graph.filter(.audioPieces(of: 4096), on: normalised)
        clip.audio = graph.filter(
            .audioFormat(rate: graph.output.audio.sampleRate, layout: graph.output.audio.channelLayout), on: pieces)
        return clip
    }
}
