public import GraphDSL

/// Raises picture and sound from black and silence at the beginning, and lowers them at the end.
public struct Fade: Stage {
    /// How long the rise lasts; zero for none.
    public var rise: Seconds
    /// How long the fall lasts; zero for none.
    public var fall: Seconds

    /// Fades in over `rise` from the beginning, and out over `fall` up to the end.
    public init(in rise: Seconds = .zero, out fall: Seconds = .zero) {
        self.rise = rise
        self.fall = fall
    }

    public static let descriptor = StageDescriptor(
        "fade", "Fades picture and sound in and out", needs: "a clip of a known length, to fade out",
        gives: "the same clip, from and to black and silence",
        example: "Fade(in: 0.5, out: 1)"
    ) {
        ParameterDescriptor("in", \Fade.rise, in: .between(0, 60), default: .zero, "length of the fade in")
        ParameterDescriptor("out", \Fade.fall, in: .between(0, 60), default: .zero, "length of the fade out")
    }

    public func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        if rise == .zero, fall == .zero { graph.warn("Fade changes nothing: give it an 'in' or an 'out'") }
        var clip = clip
        if rise > .zero {
            clip.video = graph.filter(.fadeIn(over: rise), on: clip.video)
            clip.audio = clip.audio.map { graph.filter(.audioFadeIn(over: rise), on: $0) }
        }
        if fall > .zero {
            clip.audio = clip.audio.map { graph.filter(.audioFadeOut(over: fall), on: $0, reference: clip.video) }
            clip.video = graph.filter(.fadeOut(over: fall), on: clip.video)
        }
        return clip
    }
}
