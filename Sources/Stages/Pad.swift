public import GraphDSL

/// Shows the whole picture inside a shape or a size, with a colour around it.
public struct Pad: Stage {
    /// The frame that the picture is set in.
    public enum Target: Hashable, Sendable {
        /// The smallest frame of this shape that holds the picture, which keeps its size.
        case ratio(Int, Int)
        /// A frame of this size; the picture is resized to fit inside.
        case size(PictureSize)

        /// 1280x720.
        public static let hd720 = Target.size(.hd720)
        /// 1920x1080.
        public static let hd1080 = Target.size(.hd1080)
    }

    /// The frame.
    public var target: Target
    /// What is around the picture.
    public var colour: Colour
    /// Where in the frame the picture lies.
    public var gravity: Position

    /// Sets the picture in a frame.
    public init(to target: Target, colour: Colour = .black, gravity: Position = .center) {
        self.target = target
        self.colour = colour
        self.gravity = gravity
    }

    public static let descriptor = StageDescriptor(
        "pad", "Shows the whole picture inside a shape or a size", needs: "a picture",
        gives: "a picture of the frame's size, whole",
        example: "Pad(to: .hd720, colour: .black)"
    ) {
        ParameterDescriptor("to", \Pad.target, "the frame to fill")
        ParameterDescriptor("colour", \Pad.colour, default: .black, "what is around the picture")
        ParameterDescriptor("gravity", \Pad.gravity, default: .center, "where the picture lies")
    }

    public func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        var clip = clip
        let frame = target.options
        if case .size = target {
            clip.video = graph.filter(.scale(fittingIn: frame.width, frame.height), on: clip.video)
        }
        let padded = graph.filter(
            .pad(
                width: frame.width, height: frame.height, x: .expression("(ow-iw)*\(gravity.horizontal.description)"),
                y: .expression("(oh-ih)*\(gravity.vertical.description)"), colour: colour),
            on: clip.video)
        clip.video = graph.filter(.sampleAspect(1), on: padded)
        return clip
    }
}

extension Pad.Target: ParameterValue {
    public static var typeName: String { "ratio or size" }

    public var argumentText: String {
        switch self {
        case .ratio(let width, let height): ".ratio(\(width), \(height))"
        case .size(let size): ".size(\(size))"
        }
    }

    public var problem: String? {
        switch self {
        case .ratio(let width, let height):
            width > 0 && height > 0 ? nil : "both sides of a ratio must be greater than 0"
        case .size(let size): size.problem
        }
    }

    /// The frame's size; even, as 4:2:0 needs.
    fileprivate var options: (width: OptionValue, height: OptionValue) {
        switch self {
        case .ratio(let w, let h):
            (
                .expression("2*ceil(max(in.width, in.height*\(w)/\(h))/2-0.0001)"),
                .expression("2*ceil(max(in.height, in.width*\(h)/\(w))/2-0.0001)")
            )
        case .size(let size): (.integer(size.width), .integer(size.height))
        }
    }
}
