import CourtLines
import GraphDSL
import StageTesting
import Stages
import Testing

struct ScoreboardTests {
    @Test("the scoreboard keeps what every stage promises, whatever the teams are called")
    func kit() async throws {
        try await StageCheck(
            Scoreboard(home: "Lions", away: "Bears", score: "2 : 1"),
            text: { Scoreboard(home: .literal($0), away: .literal($0), score: "2 : 1") }
        ).run()
        try await StageCheck(
            Scoreboard(home: .parameter("home"), away: .parameter("away"), score: "2 : 1"), after: [Scale(to: .hd720)],
            parameters: [Parameter("home", .text(max: 24)), Parameter("away", .text(max: 24))],
            values: ["home": "Lions", "away": "Bears"]
        ).run()
    }

    @Test("a name that is too long is told with its place")
    func ranges() {
        let pipeline = Pipeline("long", version: 1, summary: "A test") {
            Scoreboard(home: "A name that no scoreboard has room for", away: "Bears", score: "0 : 0")
        } output: {
            MP4(frameRate: 30)
        }
        do {
            _ = try pipeline.compile(assets: AssetCatalog())
            Issue.record("it compiles")
        } catch {
            #expect(error.description.contains("ScoreboardTests.swift:"))
            #expect(error.description.contains("home is") && error.description.contains("from 1 to 24"))
        }
    }

    @Test("the pipeline compiles and asks for the teams")
    func pipeline() throws {
        let manifest = try Pipeline.matchDayV1.compile(assets: AssetCatalog()).manifest
        #expect(manifest.parameters.map(\.name) == ["home", "away", "score"])
        #expect(manifest.graph.parameters == ["home", "away", "score"])
    }
}
