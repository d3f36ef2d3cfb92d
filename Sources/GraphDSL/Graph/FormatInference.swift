/// Works out what is known of each link from what is known of the sources.
///
/// The same rules serve twice: compiling, with only the assets' and the output's facts, and binding, with a real clip's.
package struct FormatInference {
    private typealias Rule =
        @Sendable (_ filter: Filter, _ inputs: [LinkFormat], _ facts: [String: Double]) -> LinkFormat

    /// The facts that the formulas of a node may name.
    package static func facts(inputs: [LinkFormat], reference: LinkFormat?) -> [String: Double] {
        var facts: [String: Double] = [:]
        for (prefix, format) in [("in", inputs.first), ("ref", reference)] {
            if let size = format?.video?.size.value {
                facts["\(prefix).width"] = Double(size.width)
                facts["\(prefix).height"] = Double(size.height)
            }
            facts["\(prefix).duration"] = format?.duration.exact?.value
        }
        return facts
    }

    /// What is known of each output pad of a filter.
    package static func outputs(
        of filter: Filter, inputs: [LinkFormat], reference: LinkFormat? = nil
    ) -> [LinkFormat] {
        if filter.name == "concat" { return concat(filter, inputs) }
        if filter.name == "split" || filter.name == "asplit", let input = inputs.first {
            return filter.outputs.map { _ in input }
        }
        guard filter.outputs.count == 1, let kind = filter.outputs.first else {
            return filter.outputs.map(LinkFormat.unknown)
        }
        if let input = inputs.first, input.kind == kind, unchanging[kind]?.contains(filter.name) == true {
            return [input]
        }
        if recolouring.contains(filter.name) { return [video(inputs) { $0.pixelFormat = .unknown }] }
        guard let rule = rules[filter.name] else { return [.unknown(kind)] }
        let output = rule(filter, inputs, facts(inputs: inputs, reference: reference))
        return [output.kind == kind ? output : .unknown(kind)]
    }

    /// What is known of every output pad of every node.
    package static func formats(
        of graph: FilterGraph, source: (FilterGraph.Source) -> LinkFormat
    ) -> [[LinkFormat]] {
        var formats: [[LinkFormat]] = []
        for node in graph.nodes {
            switch node.operation {
            case .source(let it): formats.append([source(it)])
            case .sink: formats.append([])
            case .filter(let filter):
                formats.append(
                    outputs(
                        of: filter, inputs: node.inputs.map { formats[$0.node][$0.pad] },
                        reference: node.reference.map { formats[$0.node][$0.pad] }))
            }
        }
        return formats
    }

    /// Filters that change pixels or samples, but no fact of the link.
    package static let unchanging: [MediaKind: Set<String>] = [
        .video: [
            "null", "settb", "fade", "drawtext", "drawbox", "drawgrid", "overlay", "setparams", "hue", "eq", "unsharp",
            "hqdn3d", "gblur", "boxblur", "avgblur", "vignette", "noise", "lut", "lutyuv", "hflip", "vflip", "deshake",
            "deblock", "deband", "negate", "premultiply",
        ],
        .audio: [
            "anull", "afade", "volume", "highpass", "lowpass", "equalizer", "bass", "treble", "acompressor", "alimiter",
            "compand", "agate", "afftdn", "dynaudnorm", "deesser", "asetnsamples",
        ],
    ]

    /// Filters that keep all but the pixel format: they work on RGB, or on light.
    private static let recolouring: Set<String> = [
        "colorbalance", "colorchannelmixer", "colorlevels", "colortemperature", "curves", "lut3d", "lutrgb", "tonemap",
        "vibrance",
    ]

    private static let rules: [String: Rule] = [
        "scale": { filter, inputs, facts in
            video(inputs) { format in
                resize(&format, to: scaledSize(filter, from: format.size, facts))
            }
        },
        "crop": { filter, inputs, facts in video(inputs) { $0.size = plainSize(filter, facts) } },
        "pad": { filter, inputs, facts in video(inputs) { $0.size = plainSize(filter, facts) } },
        "transpose": { filter, inputs, _ in
            video(inputs) { format in
                format.size = format.size.map { PictureSize(width: $0.height, height: $0.width) }
                format.sampleAspect = format.sampleAspect.map(\.inverse)
            }
        },
        "setsar": { filter, inputs, _ in
            video(inputs) { format in
                if case .rational(let ratio) = filter.options["sar"] { format.sampleAspect = .known(ratio) }
            }
        },
        "format": { filter, inputs, _ in
            video(inputs) { $0.pixelFormat = filter.options["pix_fmts"]?.plainText.map(Fact.known) ?? .unknown }
        },
        "zscale": { filter, inputs, facts in
            video(inputs) { format in
                if filter.options["w"] != nil { resize(&format, to: plainSize(filter, facts)) }
                format.pixelFormat = .unknown
            }
        },
        "bwdif": { filter, inputs, _ in deinterlaced(inputs, asFrames: filter.options["mode"] == "send_frame") },
        "yadif": { filter, inputs, _ in
            deinterlaced(inputs, asFrames: filter.options["mode"] ?? "send_frame" == "send_frame")
        },
        "fps": { filter, inputs, _ in
            video(inputs) { format in
                if case .rational(let rate) = filter.options["fps"] {
                    format.frameRate = .known(rate)
                    format.duration = format.duration.map { time in
                        // A clip of any length gives at least one frame.
                        Seconds(Double(time > .zero ? max(1, time.frames(at: rate)) : 0) / rate.value)
                    }
                } else {
                    format.frameRate = .unknown
                }
            }
        },
        "setpts": { filter, inputs, _ in
            video(inputs) { format in
                if stretch(filter) != 1 { format.frameRate = .unknown }
                format.duration = stretched(format.duration, by: stretch(filter))
            }
        },
        "asetpts": { filter, inputs, _ in
            audio(inputs) { $0.duration = stretched($0.duration, by: stretch(filter)) }
        },
        "tpad": { filter, inputs, _ in
            video(inputs) { $0.duration = filter.options["stop"] == -1 ? .endless : .unknown }
        },
        "trim": { filter, inputs, _ in video(inputs) { $0.duration = trimmed($0.duration, filter) } },
        "atrim": { filter, inputs, _ in audio(inputs) { $0.duration = trimmed($0.duration, filter) } },
        "atempo": { filter, inputs, facts in
            audio(inputs) { format in
                let tempo = filter.options["tempo"]?.number(with: facts) ?? 0
                format.duration = stretched(format.duration, by: tempo > 0 ? 1 / tempo : nil)
            }
        },
        "apad": { filter, inputs, _ in
            audio(inputs) { format in
                guard case .duration(let whole) = filter.options["whole_dur"] else { return format.duration = .unknown }
                format.duration = format.duration.map { max($0, whole) }
            }
        },
        "pan": { filter, inputs, _ in
            audio(inputs) { format in
                format.channelLayout = fact(
                    filter.options["args"]?.plainText?.split(separator: "|").first.map(String.init))
            }
        },
        "loudnorm": { _, inputs, _ in audio(inputs) { $0.sampleRate = .known(192_000) } },
        "aresample": { filter, inputs, facts in
            audio(inputs) { format in
                if let rate = filter.options["osr"]?.number(with: facts) { format.sampleRate = .known(Int(rate)) }
            }
        },
        "aformat": { filter, inputs, _ in
            audio(inputs) { format in
                if let rate = filter.options["sample_rates"]?.plainText { format.sampleRate = fact(Int(rate)) }
                if let layout = filter.options["channel_layouts"]?.plainText { format.channelLayout = .known(layout) }
            }
        },
        "anullsrc": { filter, _, facts in
            .audio(
                AudioFormat(
                    sampleRate: fact((filter.options["r"]?.number(with: facts)).map { Int($0) }),
                    channelLayout: fact(filter.options["cl"]?.plainText), duration: .endless))
        },
    ]

    private static func fact<Value>(_ value: Value?) -> Fact<Value> { value.map(Fact.known) ?? .unknown }

    private static func video(_ inputs: [LinkFormat], _ change: (inout VideoFormat) -> Void) -> LinkFormat {
        var format = inputs.first?.video ?? .unknown
        change(&format)
        return .video(format)
    }

    private static func audio(_ inputs: [LinkFormat], _ change: (inout AudioFormat) -> Void) -> LinkFormat {
        var format = inputs.first?.audio ?? .unknown
        change(&format)
        return .audio(format)
    }

    /// A frame for each frame, or else for each of its fields.
    private static func deinterlaced(_ inputs: [LinkFormat], asFrames: Bool) -> LinkFormat {
        video(inputs) { if !asFrames { $0.frameRate = .unknown } }
    }

    /// The same picture in another size: what it shows keeps its shape, so its pixels change theirs.
    private static func resize(_ format: inout VideoFormat, to size: Fact<PictureSize>) {
        if let old = format.size.value, let new = size.value, let aspect = format.sampleAspect.value {
            format.sampleAspect = .known(
                aspect * Rational(Int64(old.width), Int64(old.height))
                    * Rational(Int64(new.height), Int64(new.width)))
        } else {
            format.sampleAspect = .unknown
        }
        format.size = size
    }

    private static func plainSize(_ filter: Filter, _ facts: [String: Double]) -> Fact<PictureSize> {
        guard let width = filter.options["w"]?.number(with: facts),
            let height = filter.options["h"]?.number(with: facts),
            width >= 1, height >= 1, width < 65536, height < 65536
        else { return .unknown }
        return .known(PictureSize(width: Int(width), height: Int(height)))
    }

    /// The size that libavfilter's `scale` makes: -n keeps the shape, divisible by n; `decrease` fits inside.
    private static func scaledSize(
        _ filter: Filter, from input: Fact<PictureSize>, _ facts: [String: Double]
    ) -> Fact<PictureSize> {
        guard filter.options["w"] != nil || filter.options["h"] != nil else { return input }
        guard let w = filter.options["w"]?.number(with: facts), let h = filter.options["h"]?.number(with: facts),
            w.magnitude < 65536, h.magnitude < 65536, w != 0, h != 0
        else { return .unknown }
        var (width, height) = (Int(w), Int(h))
        let fits = filter.options["force_original_aspect_ratio"] == "decrease"
        if width > 0, height > 0, !fits { return .known(PictureSize(width: width, height: height)) }
        guard let input = input.value else { return .unknown }
        let ratio = Double(input.width) / Double(input.height)
        if width < 0, height < 0 { return .known(input) }
        if width < 0 { width = Int((Double(height) * ratio / Double(-width)).rounded()) * -width }
        if height < 0 { height = Int((Double(width) / ratio / Double(-height)).rounded()) * -height }
        if fits {
            let divisor = Int(filter.options["force_divisible_by"]?.number(with: facts) ?? 1)
            let (wanted, tall) = (width, height)
            width = min(wanted, Int((Double(tall) * ratio).rounded())) / divisor * divisor
            height = min(tall, Int((Double(wanted) / ratio).rounded())) / divisor * divisor
        }
        guard width > 0, height > 0 else { return .unknown }
        return .known(PictureSize(width: width, height: height))
    }

    /// How much longer a `setpts` or `asetpts` makes its link; nil where its formula is not a plain factor.
    private static func stretch(_ filter: Filter) -> Double? {
        guard case .expression(let formula) = filter.options["expr"] else { return nil }
        return formula.value(with: ["PTS": 1, "STARTPTS": 0])
    }

    private static func stretched(_ duration: DurationBound, by factor: Double?) -> DurationBound {
        guard let factor, factor > 0 else { return .unknown }
        return factor == 1 ? duration : duration.map { Seconds($0.value * factor) }
    }

    private static func trimmed(_ duration: DurationBound, _ filter: Filter) -> DurationBound {
        func time(_ name: String) -> Seconds? {
            if case .duration(let time) = filter.options[name] { time } else { nil }
        }
        return duration.trimmed(from: time("start") ?? .zero, to: time("end"))
    }

    /// A concatenation looks like its first piece and lasts as long as all pieces, each as long as its longest stream.
    private static func concat(_ filter: Filter, _ inputs: [LinkFormat]) -> [LinkFormat] {
        let streams = filter.outputs.count
        guard streams > 0, inputs.count >= streams, inputs.count.isMultiple(of: streams) else {
            return filter.outputs.map(LinkFormat.unknown)
        }
        var total = DurationBound.exactly(.zero)
        for piece in stride(from: 0, to: inputs.count, by: streams) { total = total + inputs[piece].duration }
        return inputs.prefix(streams).map { input in
            var output = input
            output.duration = total
            return output
        }
    }
}
