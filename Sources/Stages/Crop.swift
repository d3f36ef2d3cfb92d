public import GraphDSL

/// Cuts the picture to a shape or to a rectangle.
public struct Crop: Stage {
    /// What remains of the picture.
    public enum Target: Hashable, Sendable {
        /// The largest part of this shape, width to height.
        case ratio(Int, Int)
        /// So many pixels, both even, placed by the gravity.
        case size(PictureSize)
        /// A rectangle, its corner `x` from the left and `y` from the top.
        case rectangle(x: Int, y: Int, width: Int, height: Int)
    }

    /// What remains.
    public var target: Target
    /// Which part of the picture is kept; a rectangle has a place of its own.
    public var gravity: Position

    /// Keeps `target` of the picture, from the side that `gravity` names.
    public init(to target: Target, gravity: Position = .center) {
        self.target = target
        self.gravity = gravity
    }

    public static let descriptor = StageDescriptor(
        "crop", "Cuts the picture to a shape or to a rectangle", needs: "a picture at least as large as what remains",
        gives: "a smaller picture",
        example: "Crop(to: .ratio(16, 9), gravity: .top)"
    ) {
        ParameterDescriptor("to", \Crop.target, "what remains")
        ParameterDescriptor("gravity", \Crop.gravity, default: .center, "which part is kept")
    }

    public func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        var clip = clip
        let size = target.size
        if let picture = clip.video.size, let area = target.area,
            area.width > picture.width || area.height > picture.height
        {
            let origin = graph.sizeOrigin(of: clip.video).map {
                Diagnostic.Note.note("\($0.name) makes the picture \(picture)", at: $0.location)
            }
            throw .unsuitable(
                "Crop keeps \(target.argumentText), but the picture is \(picture) here",
                notes: [origin, .fix("crop to less, or scale the picture up before")].compactMap(\.self))
        }
        clip.video = graph.filter(
            .crop(
                width: size.width, height: size.height, x: offset("w", gravity.horizontal),
                y: offset("h", gravity.vertical)),
            on: clip.video)
        return clip
    }

    private func offset(_ side: String, _ share: Rational) -> OptionValue {
        if case .rectangle(let x, let y, _, _) = target { return .integer(side == "w" ? x : y) }
        return .expression("(i\(side)-o\(side))*\(share.description)")
    }
}

extension Crop.Target: ParameterValue {
    public static var typeName: String { "ratio, size or rectangle" }

    public var argumentText: String {
        switch self {
        case .ratio(let width, let height): ".ratio(\(width), \(height))"
        case .size(let size): ".size(\(size))"
        case .rectangle(let x, let y, let width, let height):
            ".rectangle(x: \(x), y: \(y), width: \(width), height: \(height))"
        }
    }

    public var problem: String? {
        switch self {
        case .ratio(let width, let height):
            width > 0 && height > 0 ? nil : "both sides of a ratio must be greater than 0"
        case .size(let size): size.problem
        case .rectangle(let x, let y, let width, let height):
            x >= 0 && y >= 0 ? PictureSize(width: width, height: height).problem : "its corner must be in the picture"
        }
    }

    /// The size that remains; even, as 4:2:0 needs.
    fileprivate var size: (width: OptionValue, height: OptionValue) {
        switch self {
        case .ratio(let w, let h):
            (
                .expression("2*floor(min(in.width, in.height*\(w)/\(h))/2+0.0001)"),
                .expression("2*floor(min(in.height, in.width*\(h)/\(w))/2+0.0001)")
            )
        case .size(let size): (.integer(size.width), .integer(size.height))
        case .rectangle(_, _, let width, let height): (.integer(width), .integer(height))
        }
    }

    /// The least picture that it can be cut from.
    fileprivate var area: PictureSize? {
        switch self {
        case .ratio: nil
        case .size(let size): size
        case .rectangle(let x, let y, let width, let height): PictureSize(width: x + width, height: y + height)
        }
    }
}
