import Crypto
import Database
import GraphDSL

/// Which pipeline an upload gets: what is published, as the operator has said.
struct PipelineChoice: Sendable {
    let catalog: PipelineCatalog
    let rules: PipelineRepository

    /// What is made of an upload that names no pipeline.
    private static let usual = "showcase"

    /// A pipeline that somebody may use.
    struct Offer {
        var entry: PipelineCatalog.Entry
        /// Whether it is what its bare name stands for with them.
        var isDefault: Bool
    }

    /// The pipeline that somebody names, or names with its version; the usual one where they name none.
    ///
    /// - Parameter fields: is told where it is none of ours, or not for them; then it is nil.
    func pipeline(_ text: String?, for user: UserID, _ fields: inout Fields) async throws -> PinnedPipeline? {
        guard let reference = PipelineReference(text ?? Self.usual) else {
            fields.refuse("pipeline", "is none of ours")
            return nil
        }
        let rule = try await rules.rules(for: user)[reference.name]
        let entry =
            if let version = reference.version { catalog.entry(reference.name, version: version) } else {
                byDefault(reference.name, rule, user)
            }
        if let entry, rule?.isAllowed != false { return entry.pinned }
        fields.refuse("pipeline", entry == nil ? "is none of ours" : "is not for everybody")
        return nil
    }

    /// True if anybody may use a pipeline.
    func isForEverybody(_ name: String) async throws -> Bool {
        try await rules.rules(for: nil)[name]?.isAllowed != false
    }

    /// True if somebody may use a pipeline.
    func isAllowed(_ name: String, for user: UserID) async throws -> Bool {
        try await rules.rules(for: user)[name]?.isAllowed != false
    }

    /// What somebody can choose.
    ///
    /// - Parameter user: nil for somebody who is not known.
    func offers(for user: UserID?) async throws -> [Offer] {
        let rules = try await rules.rules(for: user)
        return catalog.entries.compactMap { entry in
            let rule = rules[entry.pinned.name]
            guard rule?.isAllowed != false else { return nil }
            return Offer(entry: entry, isDefault: byDefault(entry.pinned.name, rule, user)?.pinned == entry.pinned)
        }
    }

    /// What a bare name stands for with somebody.
    private func byDefault(_ name: String, _ rule: PipelineRepository.Rule?, _ user: UserID?) -> PipelineCatalog.Entry?
    {
        guard let canary = rule?.canary, let user, canary.includes(user, of: name) else {
            return catalog.newestEntry(name, upTo: rule?.version)
        }
        return catalog.newestEntry(name, upTo: canary.version)
    }
}

extension PipelineRepository.Canary {
    /// Whether it is tried out with somebody: always the same people, and with more percent some more of them.
    func includes(_ user: UserID, of name: String) -> Bool {
        let digest = SHA256.hash(data: Array("\(name)@\(version) \(user)".utf8))
        let number = digest.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return number % 100 < UInt32(percent)
    }
}
