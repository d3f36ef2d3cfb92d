public import GraphDSL

/// Keeps the first part of the clip, or a part from a later moment on.
public struct Trim: Stage {
    /// What remains, in seconds; longer than the clip keeps all of it.
    public var duration: Seconds
    /// Where it begins, in seconds of the clip.
    public var start: Seconds

    /// Keeps `duration` of the clip, from `start` on.
    public init(to duration: Seconds, from start: Seconds = .zero) {
        self.duration = duration
        self.start = start
    }

    public static let descriptor = StageDescriptor(
        "trim", "Keeps the first part of the clip", needs: "a clip longer than where it begins",
        gives: "a shorter clip",
        example: "Trim(to: .seconds(30))"
    ) {
        ParameterDescriptor("to", \Trim.duration, in: .greaterThan(0), "length that remains")
        ParameterDescriptor("from", \Trim.start, in: .atLeast(0), default: .zero, "where it begins")
    }

    public func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        if let longest = clip.video.format.duration.longest, start >= longest {
            let earlier = graph.earlier(Trim.self).last.map { trim in
                Diagnostic.Note.note("this Trim leaves \(trim.stage.duration) s", at: trim.place.location)
            }
            throw .unsuitable(
                "Trim begins at \(start) s, but the clip is at most \(longest) s long here: nothing is left",
                notes: [earlier, .fix("begin earlier, or trim before")].compactMap(\.self))
        }
        var clip = clip
        let end = start + duration
        clip.video = graph.filter(.trim(from: start, to: end), on: clip.video)
        if start > .zero { clip.video = graph.filter(.setPTS("PTS-STARTPTS"), on: clip.video) }
        if let audio = clip.audio {
            let kept = graph.filter(.audioTrim(from: start, to: end), on: audio)
            clip.audio = start > .zero ? graph.filter(.audioSetPTS("PTS-STARTPTS"), on: kept) : kept
        }
        return clip
    }
}
