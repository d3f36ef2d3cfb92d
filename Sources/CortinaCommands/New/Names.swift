import GraphDSL

/// The names of a thing that is made anew: as people type it, and as Swift writes it.
struct NewName {
    /// As people type it: `match-day`.
    let words: String
    /// As a type or a module: `MatchDay`.
    let type: String
    /// As a constant: `matchDay`.
    let constant: String

    /// - Throws: ``Failure`` where it cannot be a name, of a pipeline or of a type.
    init(_ text: String) throws {
        let parts = text.split(separator: "-")
        guard PipelineReference(text)?.version == nil, PipelineReference(text) != nil, text.first?.isLetter == true
        else {
            throw Failure(
                .usage, "'\(text)' cannot be a name: use lower-case letters, digits and single hyphens, a letter first")
        }
        words = text
        type = parts.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        constant = type.prefix(1).lowercased() + type.dropFirst()
    }
}
