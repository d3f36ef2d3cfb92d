public import GraphDSL

/// Lays an image over the picture, from the first frame to the last.
public struct Watermark: Stage {
    /// The image; its transparency counts.
    public var image: Asset
    /// Where it lies.
    public var position: Position
    /// How far from the picture's edges, in pixels; the middle of a side has no edge on the other axis.
    public var inset: Int
    /// How wide it is; its height follows. Nil keeps the image's own width.
    public var width: Length?
    /// How opaque: 0 invisible, 1 as it is.
    public var opacity: Double

    /// Lays `image` over the picture.
    public init(_ image: Asset, at position: Position, inset: Int = 0, width: Length? = nil, opacity: Double = 1) {
        self.image = image
        self.position = position
        self.inset = inset
        self.width = width
        self.opacity = opacity
    }

    public static let descriptor = StageDescriptor(
        "watermark", "Lays an image over the picture",
        needs: "a picture, and an image of the assets",
        gives: "the picture with the image on it",
        example: #"Watermark(.asset("brand/watermark.png"), at: .topTrailing, inset: 10, width: 150)"#
    ) {
        ParameterDescriptor("image", \Watermark.image, "the image, with its transparency")
        ParameterDescriptor("at", \Watermark.position, "where it lies")
        ParameterDescriptor("inset", \Watermark.inset, in: .between(0, 16384), default: 0, "pixels from the edges")
        ParameterDescriptor(
            "width", \Watermark.width, in: .between(2, 16384), default: nil, "width; nothing keeps its own")
        ParameterDescriptor("opacity", \Watermark.opacity, in: .between(0, 1), default: 1, "1 as it is, 0 invisible")
    }

    public func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        if let picture = clip.video.size, case .pixels(let pixels) = width, pixels > picture.width {
            let origin = graph.sizeOrigin(of: clip.video).map {
                Diagnostic.Note.note("\($0.name) makes the picture \(picture)", at: $0.location)
            }
            throw .unsuitable(
                "Watermark is \(pixels) pixels wide, but the picture is \(picture) here",
                notes: [origin, .fix("make it narrower, or give its width as a share")].compactMap(\.self))
        }
        var mark = graph.source(image, .image)
        if let width {
            mark = graph.filter(.scale(width: width.option, height: -2), on: mark, reference: clip.video)
        }
        if opacity < 1 { mark = graph.filter(.opacity(opacity), on: mark) }
        mark = graph.filter(.pixelFormat("yuva420p"), on: mark)
        var clip = clip
        clip.video = graph.filter(
            .overlay(x: place("W-w", position.horizontal), y: place("H-h", position.vertical)), on: clip.video, mark)
        return clip
    }

    private func place(_ room: String, _ share: Rational) -> Expression {
        switch share {
        case 0: "\(inset.description)"
        case 1: "\(room)-\(inset.description)"
        default: "(\(room))/2"
        }
    }
}

extension Length {
    fileprivate var option: OptionValue {
        switch self {
        case .pixels(let pixels): .integer(pixels)
        case .share(let share): .expression("max(2, 2*round(ref.width*\(share.description)/2))")
        }
    }
}
