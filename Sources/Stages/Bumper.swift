public import GraphDSL

/// Sets a short video before or after the clip.
///
/// The bumper is fitted into the clip's picture, with black around it where its shape differs. Its sound is kept where
/// the clip has sound; a bumper without sound is silent.
public struct Bumper: Stage {
    /// On which side of the clip.
    public enum Kind: String, CaseIterable, ParameterValue {
        /// Before the clip.
        case opening
        /// After the clip.
        case closing

        public static var typeName: String { "side" }
    }

    /// On which side of the clip.
    public var kind: Kind
    /// The video.
    public var video: Asset

    /// Sets `video` before (`.opening`) or after (`.closing`) the clip.
    public init(_ kind: Kind, _ video: Asset) {
        self.kind = kind
        self.video = video
    }

    public static let descriptor = StageDescriptor(
        "bumper", "Sets a short video before or after the clip",
        needs: "a picture of a known size, and a video of the assets",
        gives: "a longer clip; the bumper's sound is kept where the clip has sound",
        example: #"Bumper(.opening, .asset("brand/intro.mp4"))"#
    ) {
        ParameterDescriptor("kind", \Bumper.kind, "before or after the clip")
        ParameterDescriptor("video", \Bumper.video, "any video file of the assets")
    }

    public func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        if let other = graph.earlier(Bumper.self).first(where: { $0.stage.kind == kind }) {
            graph.warn(
                "a second \(kind.rawValue) bumper: both are shown, this one \(kind == .opening ? "first" : "last")",
                notes: [
                    .note("the other one is here", at: other.place.location), .fix("leave one of the two out"),
                ])
        }
        let fitted = graph.filter(
            .scale(fittingIn: .expression("ref.width"), .expression("ref.height")), on: graph.source(video, .video),
            reference: clip.video)
        let padded = graph.filter(
            .pad(
                width: .expression("ref.width"), height: .expression("ref.height"), x: .expression("(ow-iw)/2"),
                y: .expression("(oh-ih)/2"), colour: .black),
            on: fitted, reference: clip.video)
        let picture = graph.filter(.sampleAspect(1), on: padded)
        let bumper = [picture] + (clip.audio == nil ? [] : [graph.source(video, .audio)])
        let body = [clip.video] + [clip.audio].compactMap(\.self)
        let joined = graph.filters(
            .concat(count: 2, audio: clip.audio != nil), on: kind == .opening ? bumper + body : body + bumper)
        var clip = clip
        clip.video = joined[0]
        clip.audio = clip.audio.map { _ in joined[1] }
        return clip
    }
}
