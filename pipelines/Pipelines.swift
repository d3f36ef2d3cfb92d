public import GraphDSL
import Stages

extension Catalog {
    /// The built-in stages and every version of every pipeline defined in this folder.
    public static let cortina = Catalog(
        stages: builtInStages, pipelines: [.showcaseV1, .showcaseV2, .showcaseV3, .showcaseFitV1, .interviewV1])
}
