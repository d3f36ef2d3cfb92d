import CourtLines
import GraphDSL
import Stages

extension Pipeline {
    /// The plugin's stage between built-in ones.
    static let matchReelV1 = Pipeline(
        "match-reel", version: 1, summary: "Ten seconds of a match, 720p, with its scoreboard",
        parameters: [
            Parameter("home", .text(max: 24), "the team on the left"),
            Parameter("away", .text(max: 24), "the team on the right"),
            Parameter("score", .text(max: 12), default: "0 : 0", "how it stands"),
        ]
    ) {
        Trim(to: .seconds(10))
        Crop(to: .ratio(16, 9))
        Scale(to: .hd720)
        Scoreboard(home: .parameter("home"), away: .parameter("away"), score: .parameter("score"))
        Fade(in: 0.5, out: 0.5)
    } output: {
        MP4(frameRate: 30)
    }
}
