public import GraphDSL

/// Any filter of libavfilter that takes one link and gives one: the way out where no stage does what is wanted.
///
/// What the filter does to the picture's size or to time is not known while compiling, except for filters that are known
/// to keep both; a stage after it that needs the size wants a ``Scale`` in between.
public struct RawFilter: Stage {
    /// The filter's name in libavfilter.
    public var name: String
    /// Its options by name. A value is data: nothing in it is filter syntax.
    public var options: [String: OptionValue]
    /// Whether it works on the picture or on the sound.
    public var kind: MediaKind

    /// Passes the picture or the sound through a filter.
    public init(_ name: String, _ options: [String: OptionValue] = [:], on kind: MediaKind = .video) {
        self.name = name
        self.options = options
        self.kind = kind
    }

    public static let descriptor = StageDescriptor(
        "raw-filter", "Passes the picture or the sound through any filter of libavfilter",
        needs: "a picture or sound, as the filter does",
        gives: "what the filter gives; its size and length are not known while compiling",
        example: #"RawFilter("hue", ["s": 0.5])"#
    ) {
        ParameterDescriptor("name", \RawFilter.name, in: .between(1, 64), "the filter's name in libavfilter")
        ParameterDescriptor("options", \RawFilter.options, default: [:], "its options by name")
        ParameterDescriptor("on", \RawFilter.kind, default: .video, "picture or sound")
    }

    public func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        var clip = clip
        let filter = Filter(name, options, outputs: [kind])
        switch kind {
        case .video: clip.video = graph.filter(filter, on: clip.video)
        case .audio: clip.audio = graph.filter(filter, on: try graph.audio(of: clip))
        }
        return clip
    }
}
