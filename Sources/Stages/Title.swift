public import GraphDSL

/// Writes text over the picture, in a font of the machine.
///
/// The text is drawn as it is: nothing in it is a command, a filter's syntax or a place holder. Text too long for the
/// picture is drawn smaller.
public struct Title: Stage {
    /// The text, or the parameter that gives it.
    public var text: TextValue
    /// Where it stands.
    public var position: Position
    /// The height of its letters, in pixels or as a share of the picture's height.
    public var size: Length
    /// Its colour; a dark edge is drawn around the letters.
    public var colour: Colour
    /// The font's family, as fontconfig knows it: `Sans`, `DejaVu Serif:bold`.
    public var font: String
    /// How far from the picture's edges, in pixels.
    public var inset: Int
    /// When it appears.
    public var start: Seconds
    /// How long it stays; nil until the end.
    public var duration: Seconds?

    /// Writes `text` over the picture.
    public init(
        _ text: TextValue, at position: Position = .bottom, size: Length = .share(0.06), colour: Colour = .white,
        font: String = "Sans", inset: Int = 40, from start: Seconds = .zero, for duration: Seconds? = nil
    ) {
        self.text = text
        self.position = position
        self.size = size
        self.colour = colour
        self.font = font
        self.inset = inset
        self.start = start
        self.duration = duration
    }

    public static let descriptor = StageDescriptor(
        "title", "Writes text over the picture", needs: "a picture of a known size",
        gives: "the picture with the text on it",
        example: #"Title(.parameter("player"), at: .bottomLeading)"#
    ) {
        ParameterDescriptor("text", \Title.text, in: .between(0, 500), "the text, or the parameter that gives it")
        ParameterDescriptor("at", \Title.position, default: .bottom, "where it stands")
        ParameterDescriptor("size", \Title.size, in: .between(4, 2000), default: .share(0.06), "height of the letters")
        ParameterDescriptor("colour", \Title.colour, default: .white, "colour of the letters")
        ParameterDescriptor(
            "font", \Title.font, in: .between(1, 100), default: "Sans", "family, as fontconfig knows it")
        ParameterDescriptor("inset", \Title.inset, in: .between(0, 16384), default: 40, "pixels from the edges")
        ParameterDescriptor("from", \Title.start, in: .atLeast(0), default: .zero, "when it appears")
        ParameterDescriptor(
            "for", \Title.duration, in: .greaterThan(0), default: nil, "how long; nothing until the end")
    }

    public func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        var options: [String: OptionValue] = [
            "text": text.optionValue,
            "expansion": "none",
            "font": .text(font),
            "fontsize": .expression("max(4, floor(min(\(height), \(fitting))))"),
            "fontcolor": .text(colour.description),
            "borderw": .expression("max(1, round(\(height)/18))"),
            "bordercolor": "#000000@0.6",
            "x": .expression(place("w", "text_w", position.horizontal)),
            "y": .expression(place("h", "text_h", position.vertical)),
        ]
        if start > .zero || duration != nil {
            let end = duration.map { (start + $0).description } ?? "1e9"
            options["enable"] = .expression("gte(t,\(start.description))*lt(t,\(end))")
        }
        var clip = clip
        clip.video = graph.filter(Filter("drawtext", options, outputs: [.video]), on: clip.video)
        return clip
    }

    private var height: String {
        switch size {
        case .pixels(let pixels): "\(pixels)"
        case .share(let share): "in.height*\(share)"
        }
    }

    /// The height at which the longest line fills the picture's width if every letter were as wide as it is high: few
    /// letters of any font are wider.
    private var fitting: String { "(in.width-\(2 * inset))/max(1, \(text.columns.text))" }

    private func place(_ whole: String, _ part: String, _ share: Rational) -> Expression {
        switch share {
        case 0: "\(inset.description)"
        case 1: "\(whole)-\(part)-\(inset.description)"
        default: "(\(whole)-\(part))/2"
        }
    }
}
