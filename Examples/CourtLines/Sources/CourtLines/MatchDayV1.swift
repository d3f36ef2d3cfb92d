public import GraphDSL

extension Pipeline {
    /// A match with its scoreboard; a run says who played and how it stands.
    public static let matchDayV1 = Pipeline(
        "match-day", version: 1, summary: "The clip with a scoreboard of its match",
        parameters: [
            Parameter("home", .text(max: 24), "the team on the left"),
            Parameter("away", .text(max: 24), "the team on the right"),
            Parameter("score", .text(max: 12), default: "0 : 0", "how it stands"),
        ]
    ) {
        Scoreboard(home: .parameter("home"), away: .parameter("away"), score: .parameter("score"))
    } output: {
        MP4(frameRate: 30)
    }
}
