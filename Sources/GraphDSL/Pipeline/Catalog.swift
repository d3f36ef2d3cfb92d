/// The stages and pipelines that a program knows: what its command line offers.
public struct Catalog: Sendable {
    /// The stages, by their descriptors.
    public var stages: [StageDescriptor]
    /// The pipelines that are defined in Swift.
    public var pipelines: [Pipeline]

    /// A catalog of stages and pipelines.
    public init(stages: [any Stage.Type], pipelines: [Pipeline]) {
        self.stages = stages.map { $0.descriptor }
        self.pipelines = pipelines
    }

    /// The stage of a name, in any case of letters.
    public func stage(named name: String) -> StageDescriptor? {
        stages.first { $0.name == name.lowercased() }
    }
}
