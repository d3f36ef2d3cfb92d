/// What a stage writes its filters into.
public struct GraphBuilder: Sendable {
    /// The output that the pipeline is to give: its frame rate, its sound's rate and layout.
    public let output: OutputProfile
    /// The graph so far.
    package private(set) var graph = FilterGraph()
    /// What has been found wrong so far.
    package private(set) var diagnostics: [Diagnostic] = []
    /// The assets that sources named, with the place that named each first.
    package private(set) var assets: [(asset: Asset, place: StagePlace)] = []

    private var places: [StagePlace] = []
    /// The stages that were passed through, in order.
    private var passed: [PlacedStage] = []
    /// Of each node, what is known of its outputs, and the stage that was written where it came from.
    private var records: [(formats: [LinkFormat], place: StagePlace?)] = []
    private var audioRemoval: StagePlace?

    package init(output: OutputProfile) { self.output = output }

    // MARK: What stages call

    /// Adds a filter that reads `inputs` and returns its first output.
    ///
    /// - Parameters:
    ///   - filter: the filter; its options are escaped here.
    ///   - inputs: the links that it reads, in the order of its pads.
    ///   - reference: a link whose size and duration the filter's formulas may name (`ref.width`), though it reads no frame
    ///     of it.
    @discardableResult
    public mutating func filter(_ filter: Filter, on inputs: Link..., reference: Link? = nil) -> Link {
        filters(filter, on: inputs, reference: reference)[0]
    }

    /// Adds a filter that reads `inputs` and returns all its outputs, in the order of its pads; never empty.
    public mutating func filters(_ filter: Filter, on inputs: [Link], reference: Link? = nil) -> [Link] {
        if let word = filter.invalidName {
            report(.error, "'\(word)' cannot be the name of a filter or of an option: use letters, digits and '_'")
        }
        precondition(!filter.outputs.isEmpty, "\(filter.name) has no output for the clip to go on with")
        let endpoint = graph.add(
            .init(
                .filter(filter), inputs: inputs.map(\.endpoint), reference: reference?.endpoint,
                stage: places.last?.name))
        let formats = FormatInference.outputs(
            of: filter, inputs: inputs.map(\.format), reference: reference?.format)
        records.append((formats, places.first))
        return formats.enumerated().map { pad, format in
            Link(endpoint: .init(node: endpoint.node, pad: pad), format: format)
        }
    }

    /// A link with what an asset shows, normalised as an upload is.
    public mutating func source(_ asset: Asset, _ content: FilterGraph.Source.Content) -> Link {
        if let place = places.first, !assets.contains(where: { $0.asset == asset }) { assets.append((asset, place)) }
        guard let path = asset.path else {
            report(
                .error, "'\(asset.text)' cannot be an asset's path: write it from the assets folder down, without '..'")
            return link(.init(asset: nil, content: content))
        }
        return link(.init(asset: path, content: content))
    }

    /// The clip's sound, for a stage that cannot do without.
    ///
    /// - Throws: ``StageError/needsAudio`` when an earlier stage removed it.
    public func audio(of clip: Clip) throws(StageError) -> Link {
        guard let audio = clip.audio else { throw .needsAudio }
        return audio
    }

    /// Says that something is probably not meant; compiling goes on.
    public mutating func warn(_ message: String, notes: [Diagnostic.Note] = []) {
        report(.warning, message, notes: notes)
    }

    /// The stages of a type that the clip went through before, each with the place where it was written.
    public func earlier<Kind: Stage>(_ type: Kind.Type) -> [(stage: Kind, place: StagePlace)] {
        passed.compactMap { placed in (placed.stage as? Kind).map { ($0, placed.place) } }
    }

    /// The stage that removed the clip's sound, where one did.
    public var audioRemover: StagePlace? { audioRemoval }

    /// The stage that gave a picture the size that it has, where one did.
    public func sizeOrigin(of link: Link) -> StagePlace? {
        var endpoint = link.endpoint
        while let before = graph.nodes[endpoint.node].inputs.first,
            records[before.node].formats[before.pad].video?.size.value == link.size
        {
            endpoint = before
        }
        return records[endpoint.node].place
    }

    // MARK: What the compiler calls

    /// The stage of the pipeline that a node comes from; nil for sinks.
    package func place(ofNode node: Int) -> StagePlace? { records.indices.contains(node) ? records[node].place : nil }

    /// The upload, before the first stage.
    package mutating func upload() -> Clip {
        let video = link(.init(asset: nil, content: .video))
        return Clip(video: video, audio: link(.init(asset: nil, content: .audio)))
    }

    /// Passes a clip through stages in turn. A stage that fails is reported and left out, so that the rest is checked.
    package mutating func apply(_ stages: [PlacedStage], to clip: Clip) -> Clip {
        var clip = clip
        for placed in stages {
            places.append(placed.place)
            defer { places.removeLast() }
            let wrong = placed.problems
            for problem in wrong { report(.error, problem) }
            guard wrong.isEmpty else { continue }
            let before = graph.nodes.count
            do {
                let result = try placed.stage.apply(to: clip, in: &self)
                if clip.audio != nil, result.audio == nil { audioRemoval = places[0] }
                clip = result
            } catch {
                report(
                    .error, error.sentence(stage: placed.place.name, audioRemovedBy: audioRemoval),
                    notes: error.notes(audioRemovedBy: audioRemoval))
            }
            passed.append(placed)
            declare(parametersFrom: before)
        }
        return clip
    }

    /// Ends the graph with a sink for each stream of the clip.
    package mutating func finish(_ clip: Clip) {
        graph.add(.init(.sink(.video), inputs: [clip.video.endpoint]))
        if let audio = clip.audio { graph.add(.init(.sink(.audio), inputs: [audio.endpoint])) }
    }

    /// The parameters that stages named, each with the place that named it first.
    package private(set) var namedParameters: [(name: String, place: StagePlace)] = []

    private mutating func declare(parametersFrom first: Int) {
        guard let place = places.first else { return }
        for node in graph.nodes.dropFirst(first) {
            guard case .filter(let filter) = node.operation else { continue }
            for name in filter.parameters.sorted() where !namedParameters.contains(where: { $0.name == name }) {
                namedParameters.append((name, place))
            }
        }
    }

    private mutating func link(_ source: FilterGraph.Source) -> Link {
        let endpoint = graph.add(.init(.source(source), stage: places.last?.name))
        let format = Self.format(of: source, output: output)
        records.append(([format], places.first))
        return Link(endpoint: endpoint, format: format)
    }

    /// What is known of a source before any clip is: it is normalised to the output's rates, its size is its own.
    package static func format(of source: FilterGraph.Source, output: OutputProfile) -> LinkFormat {
        if source.content == .audio {
            return .audio(
                AudioFormat(
                    sampleRate: .known(output.audio.sampleRate), channelLayout: .known(output.audio.channelLayout),
                    duration: .unknown))
        }
        return .video(
            VideoFormat(
                size: source.asset == nil ? .fromSource : .unknown, sampleAspect: .known(1),
                frameRate: .known(output.frameRate),
                pixelFormat: .known(source.content == .image ? "yuva420p" : "yuv420p"), duration: .unknown))
    }

    private mutating func report(
        _ severity: Diagnostic.Severity, _ message: String, notes: [Diagnostic.Note] = []
    ) {
        guard let place = places.first else { return }
        // Of a stage inside a composite one, the place in the pipeline comes first.
        let inner = places.dropFirst().map { Diagnostic.Note.note("in \($0.name)", at: $0.location) }
        diagnostics.append(Diagnostic(severity, message, at: place.location, notes: inner + notes))
    }
}
