public import GraphDSL

/// Sets a short video before or after the clip.
///
/// The bumper is fitted into the clip's picture, with black around it where its shape differs. Its sound is kept where
/// the clip has sound; a bumper without sound is silent, and so is one that is asked to be.
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
    /// Whether its sound is left out.
    public var isSilent: Bool

    /// Sets `video` before (`.opening`) or after (`.closing`) the clip.
    ///
    /// - Parameters:
    ///   - kind: on which side of the clip.
    ///   - video: any video file of the assets.
    ///   - silent: leaves its sound out; also says that it is meant to be dropped where the clip has none.
    public init(_ kind: Kind, _ video: Asset, silent: Bool = false) {
        self.kind = kind
        self.video = video
        isSilent = silent
    }

    public static let descriptor = StageDescriptor(
        "bumper", "Sets a short video before or after the clip",
        needs: "a picture of a known size, and a video of the assets",
        gives: "a longer clip; the bumper's sound is kept where the clip has sound",
        example: #"Bumper(.opening, .asset("brand/intro.mp4"))"#
    ) {
        ParameterDescriptor("kind", \Bumper.kind, "before or after the clip")
        ParameterDescriptor("video", \Bumper.video, "any video file of the assets")
        ParameterDescriptor("silent", \Bumper.isSilent, default: false, "whether its sound is left out")
    }

    public func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        if let other = graph.earlier(Bumper.self).first(where: { $0.stage.kind == kind }) {
            graph.warn(
                "a second \(kind.rawValue) bumper: both are shown, this one \(kind == .opening ? "first" : "last")",
                notes: [
                    .note("the other one is here", at: other.place.location), .fix("leave one of the two out"),
                ])
        }
        if clip.audio == nil, !isSilent {
            let remover = graph.audioRemover.map {
                Diagnostic.Note.note("\($0.name) removes the sound", at: $0.location)
            }
            graph.warn(
                "the sound of '\(video.text)' is dropped: the clip has none here",
                notes: [remover, .fix("if it is meant, say so: Bumper(…, silent: true)")].compactMap(\.self))
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
        let bumper = [picture] + (clip.audio == nil ? [] : [sound(in: &graph)])
        let body = [clip.video] + [clip.audio].compactMap(\.self)
        let joined = graph.filters(
            .concat(count: 2, audio: clip.audio != nil), on: kind == .opening ? bumper + body : body + bumper)
        var clip = clip
        clip.video = joined[0]
        clip.audio = clip.audio.map { _ in joined[1] }
        return clip
    }

    private func sound(in graph: inout GraphBuilder) -> Link {
        let sound = graph.source(video, .audio)
        return isSilent ? graph.filter(Filter("volume", ["volume": 0], outputs: [.audio]), on: sound) : sound
    }
}
