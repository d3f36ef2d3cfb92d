public import GraphDSL

/// Removes the sound.
public struct StripAudio: Stage {
    /// Removes the sound.
    public init() {}

    public static let descriptor = StageDescriptor(
        "strip-audio", "Removes the sound", needs: "sound",
        gives: "the picture alone",
        example: "StripAudio()")

    public func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        if clip.audio == nil { graph.warn("StripAudio has nothing to remove: the clip has no sound here") }
        for bumper in graph.earlier(Bumper.self) where !bumper.stage.isSilent {
            graph.warn(
                "StripAudio removes the sound of '\(bumper.stage.video.text)' too",
                notes: [
                    .note("the bumper is here", at: bumper.place.location),
                    .fix("if it is meant, say so: Bumper(…, silent: true)"),
                ])
        }
        var clip = clip
        clip.audio = nil
        return clip
    }
}
