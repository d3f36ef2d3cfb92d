public import GraphDSL

/// Plays the clip faster or slower, the sound at its own pitch.
public struct Speed: Stage {
    /// How many times faster: 2 takes half the time, 0.5 twice the time.
    public var rate: Double

    /// Plays the clip `rate` times as fast.
    public init(_ rate: Double) { self.rate = rate }

    public static let descriptor = StageDescriptor(
        "speed", "Plays the clip faster or slower", needs: "a picture",
        gives: "a shorter or longer clip, the sound at its own pitch",
        example: "Speed(0.5)"
    ) {
        ParameterDescriptor("rate", \Speed.rate, in: .between(0.1, 10), "times faster")
    }

    public func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        var clip = clip
        // Times are stretched in microseconds, not in frames, so that none is rounded before the rate is constant again.
        let fine = graph.filter(.timeBase("AVTB"), on: clip.video)
        let stretched = graph.filter(.setPTS("PTS/\(rate.description)"), on: fine)
        clip.video = graph.filter(.frameRate(graph.output.frameRate), on: stretched)
        if var audio = clip.audio {
            for tempo in tempos { audio = graph.filter(.tempo(tempo), on: audio) }
            clip.audio = audio
        }
        return clip
    }

    /// `rate` as a product of factors of at least a half, the slowest that one `atempo` does.
    private var tempos: [Double] {
        var tempos: [Double] = []
        var left = rate
        while left < 0.5 {
            tempos.append(0.5)
            left /= 0.5
        }
        return tempos + [left]
    }
}
