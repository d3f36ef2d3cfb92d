public import GraphDSL

/// Shows a text over the first seconds of the clip.
public struct Slate: Stage {
    /// The text.
    public var text: TextValue
    /// How long it stays, in seconds.
    public var duration: Seconds

    /// Shows `text` for the first `duration` seconds.
    public init(_ text: TextValue, for duration: Seconds = 3) {
        self.text = text
        self.duration = duration
    }

    public static let descriptor = StageDescriptor(
        "slate", "Shows a text over the first seconds", gives: "the clip with a text at its beginning",
        example: #"Slate("Final, 2nd set", for: 3)"#
    ) {
        ParameterDescriptor("text", \Slate.text, in: .between(1, 60), "the text")
        ParameterDescriptor("for", \Slate.duration, in: .greaterThan(0), default: 3, "how long it stays")
    }

    public func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        var clip = clip
        clip.video = graph.filter(
            Filter(
                "drawtext",
                [
                    "text": text.optionValue, "expansion": "none", "font": "Sans", "fontcolor": "white",
                    "fontsize": "h/12", "x": "(w-text_w)/2", "y": "(h-text_h)/2",
                    "enable": .expression("lt(t,\(duration.description))"),
                ], outputs: [.video]),
            on: clip.video)
        return clip
    }
}
