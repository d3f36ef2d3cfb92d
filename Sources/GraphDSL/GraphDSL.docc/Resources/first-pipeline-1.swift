import GraphDSL
import Stages

extension Pipeline {
    static let highlightV1 = Pipeline(
        "highlight", version: 1, summary: "The first ten seconds, 720p"
    ) {
        Trim(to: .seconds(10))
    } output: {
        MP4(frameRate: 30)
    }
}
