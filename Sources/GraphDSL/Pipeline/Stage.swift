/// A step of a pipeline: takes a clip, adds filters, gives a clip.
///
/// ```swift
/// public struct Mirror: Stage {
///     public static let descriptor = StageDescriptor("mirror", "Swaps left and right", example: "Mirror()")
///
///     public func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
///         var clip = clip
///         clip.video = graph.filter(Filter("hflip", outputs: [.video]), on: clip.video)
///         return clip
///     }
/// }
/// ```
public protocol Stage: Sendable {
    /// The stage's own description: its name, its parameters, an example.
    static var descriptor: StageDescriptor { get }

    /// Adds the stage's filters to the graph.
    ///
    /// The values of the parameters have been checked against the descriptor before.
    ///
    /// - Throws: ``StageError`` where the clip is not one that this stage can work on.
    func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip
}

/// A stage made of other stages.
///
/// ```swift
/// struct Branding: CompositeStage {
///     static let descriptor = StageDescriptor("branding", "The house's look", example: "Branding()")
///
///     var body: [PlacedStage] {
///         Watermark(.asset("brand/watermark.png"), at: .topTrailing)
///         Bumper(.opening, .asset("brand/intro.mp4"))
///     }
/// }
/// ```
public protocol CompositeStage: Stage {
    /// The stages that it stands for, first to last.
    @StageBuilder var body: [PlacedStage] { get }
}

extension CompositeStage {
    /// Passes the clip through the stages of ``body``.
    public func apply(to clip: Clip, in graph: inout GraphBuilder) throws(StageError) -> Clip {
        graph.apply(body, to: clip)
    }
}

/// Why a stage cannot work on a clip.
public enum StageError: Error, Hashable, Sendable {
    /// It works on sound, and an earlier stage removed it.
    case needsAudio
    /// Something else: a sentence without its full stop, and what helps with it.
    case unsuitable(String, notes: [Diagnostic.Note] = [])

    func sentence(stage: String, audioRemovedBy remover: StagePlace?) -> String {
        switch self {
        case .needsAudio:
            let removal = remover.map { ", but \($0.name) (line \($0.location.line)) removed it" }
            return "\(stage) needs an audio stream\(removal ?? "")"
        case .unsuitable(let reason, _):
            return reason
        }
    }

    func notes(audioRemovedBy remover: StagePlace?) -> [Diagnostic.Note] {
        switch self {
        case .needsAudio:
            [remover.map { .note("\($0.name) removes the sound", at: $0.location) }].compactMap(\.self)
                + [.fix("move it before the stage that removes the audio, or leave one of the two out")]
        case .unsuitable(_, let notes): notes
        }
    }
}
