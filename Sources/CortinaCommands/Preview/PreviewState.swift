import GraphDSL
import Runner

/// What a live preview shows at the moment: the newest pipeline that could be made, and why there is no newer one.
actor PreviewState {
    /// A pipeline with all that is shown of it.
    struct Shown: Sendable {
        let facts: PreviewFacts
        let stills: StillMaker
    }

    /// How often something has changed.
    private(set) var generation = 0
    /// What is shown; nil before the first pipeline is ready.
    private(set) var shown: Shown?
    /// Why the newest change is not shown.
    private(set) var problem: String?

    private let clip: String
    private let parameters: [String: String]
    private let runner: Runner
    private var warming: Task<Void, Never>?
    private var cache: [Key: Still] = [:]
    private var order: [Key] = []

    private struct Key: Hashable {
        let generation: Int
        let isAfter: Bool
        let time: Seconds
    }

    /// How wide a picture is, in pixels.
    private static let width = 960
    /// How many pictures are kept, some 100 KB each.
    private static let kept = 200

    init(clip: String, parameters: [String: String], runner: Runner) {
        self.clip = clip
        self.parameters = parameters
        self.runner = runner
    }

    /// Shows another manifest, or says why it cannot be shown.
    func show(_ manifest: Manifest) async {
        do {
            let findings = try await runner.findings(of: manifest)
            guard findings.isEmpty else { return fail(findings.map(\.message).joined(separator: "\n")) }
            let stills = try await runner.stills(manifest, of: clip, parameters: parameters)
            let facts = try await PreviewFacts(manifest, clip: clip, parameters: parameters, runner: runner)
            shown = Shown(facts: facts, stills: stills)
            warming?.cancel()
            warming = Task.detached { await stills.keepNear() }
            problem = nil
            cache = [:]
            order = []
            generation += 1
        } catch {
            fail("\(error)")
        }
    }

    /// Notes that the newest change cannot be shown.
    func fail(_ reason: String) {
        problem = reason
        generation += 1
    }

    /// A picture of the output at a moment of it, or of the clip at the moment that the output shows then.
    ///
    /// - Returns: nil where nothing is shown yet, or nothing of the clip then.
    /// - Throws: ``RunError``.
    func picture(isAfter: Bool, at time: Seconds) async throws -> Still? {
        guard let shown else { return nil }
        let key = Key(generation: generation, isAfter: isAfter, time: time)
        if let still = cache[key] { return still }
        let still: Still
        if isAfter {
            still = try await shown.stills.after(at: time, width: Self.width)
        } else {
            guard let moment = try shown.stills.clipTime(at: time) else { return nil }
            still = try await shown.stills.before(at: moment, width: Self.width)
        }
        if key.generation == generation { keep(still, key) }
        return still
    }

    private func keep(_ still: Still, _ key: Key) {
        if cache.updateValue(still, forKey: key) == nil { order.append(key) }
        if order.count > Self.kept { cache[order.removeFirst()] = nil }
    }
}
