package import GraphDSL
import LibAV

/// Binds a manifest to a clip: a pure function of the manifest, of what the clip and the assets are, of the run's parameters, and
/// of which filters libavfilter was built with.
package struct Binder {
    let manifest: Manifest
    private let name: String
    let upload: MediaInfo
    private let assets: [AssetPath: MediaInfo]
    private let settings: [String: ParameterSetting]
    private let facts: [String: Double]
    private var fonts = FontFiles()

    /// Makes the plan.
    ///
    /// - Parameters:
    ///   - name: what the clip is called in errors.
    ///   - parameters: what the run gives to the pipeline's parameters.
    ///   - limits: what the run may take.
    ///   - fonts: the font files that stand for families.
    /// - Throws: ``RunError``.
    package static func bind(
        _ manifest: Manifest, to upload: MediaInfo, named name: String, assets: [AssetPath: MediaInfo],
        parameters: [String: String] = [:], limits: Limits = Limits(), fonts: FontFiles = FontFiles()
    ) throws(RunError) -> Plan {
        var binder = try binder(manifest, to: upload, named: name, assets: assets, parameters: parameters)
        binder.fonts = fonts
        let plan = try binder.plan()
        if let frames = plan.frames, frames > limits.frames { throw .tooManyFrames(name, limit: limits.frames) }
        return plan
    }

    static func binder(
        _ manifest: Manifest, to upload: MediaInfo, named name: String, assets: [AssetPath: MediaInfo],
        parameters: [String: String]
    ) throws(RunError) -> Binder {
        guard let video = upload.video else { throw .noVideo(name) }
        guard video.isSupported else { throw .unsupportedCodec(name, codec: video.codec) }
        guard video.isDecodable else { throw .undecodable(name, codec: video.codec) }
        guard upload.duration != nil else { throw .stillPicture(name) }
        let settings = try settings(manifest.parameters, parameters)
        return Binder(manifest: manifest, upload: upload, named: name, assets: assets, settings: settings)
    }

    private init(
        manifest: Manifest, upload: MediaInfo, named name: String, assets: [AssetPath: MediaInfo],
        settings: [String: ParameterSetting]
    ) {
        self.manifest = manifest
        self.name = name
        self.upload = upload
        self.assets = assets
        self.settings = settings
        var facts: [String: Double] = [:]
        for (name, setting) in settings {
            switch setting {
            case .number(let number): facts["parameter.\(name)"] = number
            case .text(let text): facts["parameter.\(name).columns"] = Double(text.columns)
            }
        }
        self.facts = facts
    }

    private static func settings(
        _ parameters: [Parameter], _ given: [String: String]
    ) throws(RunError) -> [String: ParameterSetting] {
        for name in given.keys.sorted() where !parameters.contains(where: { $0.name == name }) {
            throw .parameter(.unknown(name: name, known: parameters.map(\.name)))
        }
        var settings: [String: ParameterSetting] = [:]
        for parameter in parameters {
            guard let text = given[parameter.name] ?? parameter.defaultValue else {
                throw .parameter(.missing(name: parameter.name, range: parameter.range))
            }
            do throws(ParameterError) { settings[parameter.name] = try parameter.value(from: text) } catch {
                throw .parameter(error)
            }
        }
        return settings
    }

    /// The graph after each step of binding.
    struct Passes {
        /// With what every source and sink needs.
        let normalised: FilterGraph
        /// What the upload needed, in words.
        let notes: [String]
        /// With parameters filled in, formulas computed, fades that fit, and ends held.
        let computed: FilterGraph
        /// Remarks on shortened fades.
        let fitting: [String]
        /// What is known of the links that the sinks read.
        let ends: [LinkFormat]
        /// What each pass of the optimiser made of it.
        let optimised: [Optimiser.Step]

        /// After the last pass.
        var final: FilterGraph { optimised.last?.result.graph ?? computed }
    }

    func passes() throws(RunError) -> Passes {
        var notes: [String] = []
        let normalised = try normalise(manifest.graph, &notes)
        let (resolved, ends) = try resolve(normalised)
        let fitted = FittedFades(resolved, formats: try formats(resolved))
        let computed = HeldEnds(fitted.graph, formats: try formats(fitted.graph)).graph
        let sources = try sourceFormats(computed)
        return Passes(
            normalised: normalised, notes: notes, computed: computed, fitting: fitted.remarks, ends: ends,
            optimised: Optimiser.run(on: computed, hasFilter: FilterLibrary.has) { sources[$0] ?? .unknown($0.kind) })
    }

    private func plan() throws(RunError) -> Plan {
        let passes = try passes()
        let video = passes.ends.compactMap(\.video).first
        if let duration = video?.duration.exact, duration <= .zero {
            throw .unsuitable("nothing of the clip is left after the pipeline's trims; try a longer clip")
        }
        var plan = try plan(of: passes.final, lasting: video?.duration.exact)
        plan.size = video?.size.value
        plan.normalisations = passes.notes
        plan.warnings = warnings
        plan.advice =
            Advice(graph: passes.computed, formats: try formats(passes.computed))
            .remarks(upload: upload, assets: assets) + passes.fitting
        plan.segments = try segments(passes.final, lasting: plan.duration)
        return plan
    }

    /// What runs a graph, without what is to be said of it.
    private func plan(of graph: FilterGraph, lasting duration: Seconds?) throws(RunError) -> Plan {
        let graph = graph.splitting()
        let (inputs, labels) = try inputs(of: graph)
        let text = try text(of: fonts.resolving(graph), labels)
        return Plan(
            pipeline: manifest.reference, digest: manifest.digest, inputs: inputs, graph: graph, filterGraph: text,
            output: manifest.output, size: nil, hasAudio: graph.sinks.contains(.audio), duration: duration,
            normalisations: [], warnings: [], advice: [])
    }

    /// The pieces of a graph that ends in a concatenation with constants; or the one that passes the clip's packets on.
    private func segments(_ graph: FilterGraph, lasting duration: Seconds?) throws(RunError) -> [Plan.Segment] {
        if let (graph, picture) = try copying(graph) {
            var plan = try plan(of: graph, lasting: duration)
            plan.copied = picture
            return [.init(plan: plan, key: nil)]
        }
        guard let timeline = Timeline(cutting: graph, formats: try formats(graph)) else { return [] }
        var segments: [Plan.Segment] = []
        for constant in timeline.leading { segments.append(try segment(constant)) }
        segments.append(.init(plan: try plan(of: timeline.body, lasting: timeline.bodyDuration), key: nil))
        for constant in timeline.trailing { segments.append(try segment(constant)) }
        return segments
    }

    private func segment(_ constant: Timeline.Constant) throws(RunError) -> Plan.Segment {
        var plan = try plan(of: constant.graph, lasting: constant.duration)
        plan.inputs.removeAll { $0.asset == nil }
        // A segment is the same wherever its fonts lie.
        let graph = try text(of: plan.graph, try inputs(of: plan.graph).1)
        return .init(plan: plan, key: SegmentKey(plan, graph: graph, assets: manifest.assets).digest)
    }

    private func sourceFormats(_ graph: FilterGraph) throws(RunError) -> [FilterGraph.Source: LinkFormat] {
        var sources: [FilterGraph.Source: LinkFormat] = [:]
        for (_, source) in graph.sources { sources[source] = format(of: source, try info(source)) }
        return sources
    }

    func formats(_ graph: FilterGraph) throws(RunError) -> [[LinkFormat]] {
        let sources = try sourceFormats(graph)
        return FormatInference.formats(of: graph) { sources[$0] ?? .unknown($0.kind) }
    }

    private var warnings: [String] {
        guard let said = upload.claimedDuration, let found = upload.duration else { return [] }
        return ["\(name) says that it lasts \(said) s, but what can be read of it lasts \(found) s"]
    }

    /// The files that a graph reads, the upload first, and the label of each source node.
    ///
    /// Picture and sound of one use of a file share an input; a file that is used twice is read twice, each at its time.
    func inputs(of graph: FilterGraph) throws(RunError) -> ([Plan.Input], [Int: String]) {
        var inputs = [Plan.Input(asset: nil, start: upload.start, from: nil, streams: [])]
        var labels: [Int: String] = [:]
        for (node, source) in graph.sources {
            guard let stream = try stream(of: source) else { continue }
            let video = source.kind == .video ? try info(source).video : nil
            let input =
                inputs.lastIndex { $0.asset == source.asset && !$0.streams.contains { $0.kind == source.kind } }
                ?? inputs.count
            if input == inputs.count {
                inputs.append(Plan.Input(asset: source.asset, start: try info(source).start, from: nil, streams: []))
            }
            // What one stream needs, the other is read for too.
            let from = inputs[input].streams.isEmpty ? source.from : inputs[input].from
            inputs[input].from = from.flatMap { from in source.from.map { min(from, $0) } }
            let label = "\(input):\(stream.index)"
            labels[node] = label
            inputs[input].streams.append(
                Plan.Stream(
                    index: stream.index, kind: source.kind, codec: stream.codec, size: video?.codedSize,
                    format: video?.pixelFormat, sampleAspect: video?.sampleAspect ?? 1, end: video?.duration,
                    load: video?.load.pixelRate ?? 0,
                    frameBytes: video?.load.frameBytes ?? 0, label: label))
        }
        return (inputs, labels)
    }

    private func info(_ source: FilterGraph.Source) throws(RunError) -> MediaInfo {
        guard let asset = source.asset else { return upload }
        guard let info = assets[asset] else { throw .fault("the asset '\(asset)' was not probed") }
        guard info.video != nil else { throw .unusableAsset(asset, reason: "it has no picture") }
        if source.content == .video, info.duration == nil {
            throw .unusableAsset(asset, reason: "it is a still picture, and a video is needed")
        }
        return info
    }

    private func stream(
        of source: FilterGraph.Source
    ) throws(RunError) -> (index: Int, codec: String)? {
        let info = try info(source)
        return source.content == .audio
            ? info.audio.map { ($0.stream, $0.codec) } : info.video.map { ($0.stream, $0.codec) }
    }

    // MARK: Sources and sinks

    /// Puts what each source needs behind it, silence where one has no sound, and what the encoders need before the
    /// sinks.
    private func normalise(_ graph: FilterGraph, _ notes: inout [String]) throws(RunError) -> FilterGraph {
        let joinsSound = graph.sinks.contains(.audio) && graph.nodes.contains { $0.filterName == "concat" }
        return try graph.rewriting { _, node, result throws(RunError) in
            switch node.operation {
            case .filter:
                return result.addAll(node)
            case .source(let source):
                let info = try info(source)
                let length = length(of: info)
                var start = result.add(node)
                let normalisation: Normalisation
                switch (source.content, info.video, info.audio) {
                case (.image, let video?, _): normalisation = Normalisation(image: video)
                case (.video, let video?, _):
                    normalisation = Normalisation(
                        video: video, frameRate: manifest.output.frameRate)
                case (.audio, _, let audio?):
                    normalisation = Normalisation(audio: audio, output: manifest.output.audio, length: length)
                default:
                    guard let length else { throw .fault("the length of a silence is not known") }
                    if source.asset == nil { notes.append("no sound → silence") }
                    let silence = Normalisation.silence(manifest.output.audio, length: length)
                    return [chain(silence, from: nil, in: &result)].compactMap(\.self)
                }
                if source.asset == nil { notes += normalisation.notes }
                start = chain(normalisation.filters, from: start, in: &result) ?? start
                return [start]
            case .sink(let kind):
                var filters: [Filter] = []
                if kind == .video {
                    // A piece whose sound outlasts its picture leaves a hole in time: the last frame fills it.
                    if joinsSound { filters.append(.frameRate(manifest.output.frameRate)) }
                    filters.append(.pixelFormat("yuv420p"))
                } else {
                    filters.append(
                        .audioFormat(
                            rate: manifest.output.audio.sampleRate, layout: manifest.output.audio.channelLayout))
                }
                let end = chain(filters, from: node.inputs.first, in: &result)
                result.add(.init(.sink(kind), inputs: [end].compactMap(\.self)))
                return []
            }
        }
    }

    /// How long a source's picture is once it has the output's constant rate.
    private func length(of info: MediaInfo) -> Seconds? {
        guard let duration = info.video?.duration else { return nil }
        let rate = manifest.output.frameRate
        return Seconds(Double(max(1, duration.frames(at: rate))) / rate.value)
    }

    private func chain(
        _ filters: [Filter], from start: FilterGraph.Endpoint?, in graph: inout FilterGraph
    ) -> FilterGraph.Endpoint? {
        filters.reduce(start) { end, filter in
            graph.add(.init(.filter(filter), inputs: [end].compactMap(\.self)))
        }
    }

    // MARK: Formulas

    /// Fills in parameters and computes formulas, link by link, now that all sources are known.
    ///
    /// - Returns: the graph, and what is known of the links that the sinks read.
    private func resolve(_ graph: FilterGraph) throws(RunError) -> (FilterGraph, [LinkFormat]) {
        var formats: [[LinkFormat]] = []
        var ends: [LinkFormat] = []
        let resolved = try graph.rewriting { _, node, result throws(RunError) in
            var node = node
            let inputs = node.inputs.map { formats[$0.node][$0.pad] }
            switch node.operation {
            case .source(let source):
                formats.append([format(of: source, try info(source))])
            case .sink:
                ends += inputs
                formats.append([])
            case .filter(let filter):
                let reference = node.reference.map { formats[$0.node][$0.pad] }
                let computed = try compute(filter, inputs, reference, stage: node.stage)
                try check(computed, inputs, stage: node.stage)
                formats.append(FormatInference.outputs(of: computed, inputs: inputs, reference: reference))
                node.operation = .filter(computed)
                node.reference = nil
            }
            return result.addAll(node)
        }
        return (resolved, ends)
    }

    private func format(of source: FilterGraph.Source, _ info: MediaInfo) -> LinkFormat {
        func bound(_ duration: Seconds?) -> DurationBound { duration.map(DurationBound.exactly) ?? .unknown }
        if source.content == .audio {
            return .audio(
                AudioFormat(
                    sampleRate: info.audio.map { .known($0.sampleRate) } ?? .unknown,
                    channelLayout: info.audio.map { .known($0.channelLayout) } ?? .unknown,
                    duration: bound(info.audio?.duration)))
        }
        let video = info.video
        return .video(
            VideoFormat(
                size: video.map { .known($0.codedSize) } ?? .unknown,
                sampleAspect: video.map { .known($0.sampleAspect) } ?? .unknown,
                frameRate: video.map { .known($0.frameRate) } ?? .unknown,
                pixelFormat: video.map { .known($0.pixelFormat) } ?? .unknown, duration: bound(video?.duration)))
    }

    private func compute(
        _ filter: Filter, _ inputs: [LinkFormat], _ reference: LinkFormat?, stage: String?
    ) throws(RunError) -> Filter {
        let facts = self.facts.merging(FormatInference.facts(inputs: inputs, reference: reference)) { old, _ in old }
        var computed = filter
        for (name, value) in filter.options {
            switch value {
            case .parameter(let parameter):
                guard let setting = settings[parameter] else {
                    throw .fault("the parameter '\(parameter)' has no value")
                }
                computed.options[name] = setting.optionValue
            case .expression(let expression) where !expression.variables.isEmpty:
                if let number = expression.value(with: facts) {
                    computed.options[name] = Int(exactly: number).map(OptionValue.integer) ?? .number(number)
                } else {
                    let rest = expression.substituting(facts)
                    if let variable = rest.variables.sorted().first {
                        throw .unsuitable(
                            "\(stage ?? filter.name) needs \(variable), which cannot be told here: "
                                + "put a Scale before it, and no RawFilter in between")
                    }
                    computed.options[name] = .expression(rest)
                }
            default: break
            }
        }
        return computed
    }

    /// Refuses what libavfilter would refuse with less clear words.
    private func check(_ filter: Filter, _ inputs: [LinkFormat], stage: String?) throws(RunError) {
        guard filter.name == "crop", let picture = inputs.first?.video?.size.value else { return }
        func number(_ name: String) -> Int? {
            if case .integer(let value) = filter.options[name] { value } else { nil }
        }
        guard let width = number("w"), let height = number("h") else { return }
        guard width >= 2, height >= 2 else {
            throw .unsuitable("the clip's picture of \(picture) is too small for \(stage ?? "crop"); try a larger one")
        }
        guard width + (number("x") ?? 0) <= picture.width, height + (number("y") ?? 0) <= picture.height else {
            throw .unsuitable(
                "\(stage ?? "crop") keeps \(width)x\(height) pixels, but the clip's picture is only \(picture); "
                    + "try a larger clip")
        }
    }
}

extension FilterGraph.Node {
    /// The name of the filter that the node is, where it is one.
    fileprivate var filterName: String? {
        if case .filter(let filter) = operation { filter.name } else { nil }
    }
}
