import CortinaCommands
import CourtLines
import GraphDSL
import Stages

/// The command line of this package: what Cortina's does, for the stages and pipelines named here.
@main
struct Main {
    static func main() async {
        await Program(
            "courtlines", abstract: "Videos of matches.",
            catalog: Catalog(stages: builtInStages + [Scoreboard.self], pipelines: [.matchDayV1, .matchReelV1])
        ).main()
    }
}
