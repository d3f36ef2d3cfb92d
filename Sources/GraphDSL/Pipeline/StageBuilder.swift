/// A stage with the place in the source where it was written.
public struct PlacedStage: Sendable {
    /// The stage.
    public let stage: any Stage
    /// Its name and place.
    public let place: StagePlace

    /// A stage written at a place.
    public init(_ stage: any Stage, at location: SourceLocation) {
        self.stage = stage
        self.place = StagePlace(name: "\(type(of: stage))", location: location)
    }

    /// What is wrong with the values of its parameters.
    var problems: [String] { type(of: stage).descriptor.problems(of: stage, named: place.name) }
}

/// The name of a stage and where it stands.
public struct StagePlace: Hashable, Sendable {
    /// The Swift name of its type.
    public let name: String
    /// Where it was written.
    public let location: SourceLocation
}

/// Builds a list of stages from a block of them, with `if`, `switch`, `for` and optionals.
@resultBuilder
public enum StageBuilder {
    /// A stage on a line of its own.
    public static func buildExpression(
        _ stage: some Stage, file: String = #fileID, line: Int = #line
    ) -> [PlacedStage] {
        [PlacedStage(stage, at: SourceLocation(file: file, line: line))]
    }

    /// A stage that may be absent.
    public static func buildExpression(
        _ stage: (some Stage)?, file: String = #fileID, line: Int = #line
    ) -> [PlacedStage] {
        stage.map { [PlacedStage($0, at: SourceLocation(file: file, line: line))] } ?? []
    }

    /// Stages made elsewhere, with their places.
    public static func buildExpression(_ stages: [PlacedStage]) -> [PlacedStage] { stages }

    /// The lines of a block.
    public static func buildBlock(_ parts: [PlacedStage]...) -> [PlacedStage] { parts.flatMap(\.self) }

    /// An `if` without `else`.
    public static func buildOptional(_ part: [PlacedStage]?) -> [PlacedStage] { part ?? [] }

    /// The first branch of an `if` or `switch`.
    public static func buildEither(first part: [PlacedStage]) -> [PlacedStage] { part }

    /// The other branch of an `if` or `switch`.
    public static func buildEither(second part: [PlacedStage]) -> [PlacedStage] { part }

    /// A `for` loop.
    public static func buildArray(_ parts: [[PlacedStage]]) -> [PlacedStage] { parts.flatMap(\.self) }
}
