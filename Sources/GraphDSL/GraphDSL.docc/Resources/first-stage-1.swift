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
}
