public import GraphDSL

/// Resizes the picture.
public struct Scale: Stage {
    /// The size to resize to.
    public enum Target: Hashable, Sendable {
        /// Exactly this size; a picture of another shape is stretched, so crop or pad before.
        case size(PictureSize)
        /// This wide, in the picture's own shape.
        case width(Int)
        /// This high, in the picture's own shape.
        case height(Int)

        /// 1280x720.
        public static let hd720 = Target.size(.hd720)
        /// 1920x1080.
        public static let hd1080 = Target.size(.hd1080)
    }

    /// The size to resize to.
    public var target: Target

    /// Resizes the picture to `target`.
    public init(to target: Target) { self.target = target }

    public static let descriptor = StageDescriptor(
        "scale", "Resizes the picture", needs: "a picture",
        gives: "a picture of the size",
        example: "Scale(to: .hd720)"
    ) {
        ParameterDescriptor("to", \Scale.target, "the size to resize to")
    }

    public func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        var clip = clip
        let size = target.options
        let scaled = graph.filter(.scale(width: size.width, height: size.height), on: clip.video)
        clip.video = graph.filter(.sampleAspect(1), on: scaled)
        return clip
    }
}

extension Scale.Target: ParameterValue {
    public static var typeName: String { "size, width or height" }

    public var argumentText: String {
        switch self {
        case .size(let size): ".size(\(size))"
        case .width(let width): ".width(\(width))"
        case .height(let height): ".height(\(height))"
        }
    }

    public var problem: String? {
        switch self {
        case .size(let size): size.problem
        case .width(let side), .height(let side): PictureSize(width: side, height: side).problem
        }
    }

    fileprivate var options: (width: OptionValue, height: OptionValue) {
        switch self {
        case .size(let size): (.integer(size.width), .integer(size.height))
        case .width(let width): (.integer(width), -2)
        case .height(let height): (-2, .integer(height))
        }
    }
}
