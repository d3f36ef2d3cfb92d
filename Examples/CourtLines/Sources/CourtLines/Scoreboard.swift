public import GraphDSL

/// Lays a scoreboard over the picture: two teams, each with its colour and its score.
///
/// Names and scores may be parameters of the pipeline, so that every run has its own match.
public struct Scoreboard: Stage {
    /// The name of the team on the left.
    public var home: TextValue
    /// The name of the team on the right.
    public var away: TextValue
    /// The score between them.
    public var score: TextValue
    /// The colour of the team on the left.
    public var homeColour: Colour
    /// The colour of the team on the right.
    public var awayColour: Colour

    /// A scoreboard at the bottom of the picture.
    public init(
        home: TextValue, away: TextValue, score: TextValue, homeColour: Colour = Colour(red: 23, green: 103, blue: 179),
        awayColour: Colour = Colour(red: 200, green: 85, blue: 61)
    ) {
        self.home = home
        self.away = away
        self.score = score
        self.homeColour = homeColour
        self.awayColour = awayColour
    }

    public static let descriptor = StageDescriptor(
        "scoreboard", "Lays two teams and their score over the picture", gives: "the clip with a scoreboard",
        example: #"Scoreboard(home: "Lions", away: "Bears", score: "2 : 1")"#
    ) {
        ParameterDescriptor("home", \Scoreboard.home, in: .between(1, 24), "the team on the left")
        ParameterDescriptor("away", \Scoreboard.away, in: .between(1, 24), "the team on the right")
        ParameterDescriptor("score", \Scoreboard.score, in: .between(1, 12), "what stands between them")
        ParameterDescriptor(
            "homeColour", \Scoreboard.homeColour, default: Colour(red: 23, green: 103, blue: 179),
            "the colour on the left")
        ParameterDescriptor(
            "awayColour", \Scoreboard.awayColour, default: Colour(red: 200, green: 85, blue: 61),
            "the colour on the right")
    }

    public func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        var clip = clip
        var picture = clip.video
        // Two boxes and a dark one between them, in shares of the picture: it may have any size.
        picture = graph.filter(box(x: "iw*0.04", width: "iw*0.38", homeColour), on: picture)
        picture = graph.filter(box(x: "iw*0.58", width: "iw*0.38", awayColour), on: picture)
        picture = graph.filter(box(x: "iw*0.42", width: "iw*0.16", .black), on: picture)
        picture = graph.filter(label(home, centre: 0.23, room: 0.36), on: picture)
        picture = graph.filter(label(score, centre: 0.5, room: 0.14), on: picture)
        picture = graph.filter(label(away, centre: 0.77, room: 0.36), on: picture)
        clip.video = picture
        return clip
    }

    private func box(x: Expression, width: Expression, _ colour: Colour) -> Filter {
        Filter(
            "drawbox",
            [
                "x": .expression(x), "y": .expression("ih*0.86"), "w": .expression(width), "h": .expression("ih*0.09"),
                "color": .text("\(colour)@0.85"), "t": "fill",
            ], outputs: [.video])
    }

    /// Text around a place, as high as its box allows and as small as its room demands.
    private func label(_ text: TextValue, centre: Double, room: Double) -> Filter {
        Filter(
            "drawtext",
            [
                // `none`: nothing in the text is a function of drawtext.
                "text": text.optionValue, "expansion": "none", "font": "Sans", "fontcolor": "white",
                "fontsize": .expression(
                    "max(4, floor(min(in.height*0.055, in.width*\(room.description)/max(1, \(text.columns.text)))))"),
                "x": .expression("w*\(centre.description)-text_w/2"), "y": .expression("h*0.905-text_h/2"),
            ], outputs: [.video])
    }
}
