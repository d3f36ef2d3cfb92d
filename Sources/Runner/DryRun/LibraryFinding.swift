import GraphDSL
import LibAV

/// A filter, an encoder, or an option of one that a pipeline asks for and this machine's libav does not know or take.
public struct LibraryFinding: Hashable, Sendable {
    /// The node of the manifest's graph; nil for the output's settings.
    public var node: Int?
    /// What is wrong, as a sentence without its full stop.
    public var message: String

    init(_ problem: LibraryProblem, of kind: Kind, named name: String, node: Int? = nil) {
        self.node = node
        message = kind.words(problem, name)
    }

    /// What is asked for.
    struct Kind: Sendable {
        let word: String
        let library: String
        let names: @Sendable () -> [String]
        let options: @Sendable (String) -> [String]

        static let filter = Kind(
            word: "filter", library: "libavfilter", names: { FilterLibrary.names },
            options: { FilterLibrary.options(of: $0) })
        static let encoder = Kind(
            word: "encoder", library: "libavcodec", names: { [] }, options: { EncoderLibrary.options(of: $0) })

        fileprivate func words(_ problem: LibraryProblem, _ name: String) -> String {
            switch problem {
            case .notThere: "\(library) has no \(word) '\(name)'\(Suggestion.question(name, among: names()))"
            case .noOption(let option):
                "the \(word) '\(name)' has no option '\(option)'\(Suggestion.question(option, among: options(name)))"
            case .badValue(let option, let value, let reason):
                "the \(word) '\(name)' does not take '\(value)' for its option '\(option)' (\(reason))"
            }
        }
    }
}
