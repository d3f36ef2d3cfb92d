import GraphDSL
import LibAV

/// The filters that make a source what pipelines expect: upright, square, even, progressive, opaque, 8-bit 4:2:0, BT.709,
/// limited range, at the output's constant frame rate from time 0; sound at the output's rate and layout, exactly as long
/// as the picture.
///
/// Only what a source needs is put in; ``notes`` say in words what that was.
struct Normalisation {
    /// The filters, in order.
    private(set) var filters: [Filter] = []
    /// What the source needed, in words.
    private(set) var notes: [String] = []

    private mutating func add(_ filters: Filter..., note: String? = nil) {
        self.filters += filters
        if let note { notes.append(note) }
    }

    // MARK: Video

    /// The normalisation of moving pictures.
    init(video: MediaInfo.Video, frameRate: Rational) {
        // Before frames are dropped or repeated: the filter compares fields of neighbours.
        if video.isInterlaced {
            add(
                Filter("bwdif", ["mode": "send_frame", "deint": "interlaced"], outputs: [.video]),
                note: "interlaced → progressive")
        }
        let slowsDown = video.frameRate > frameRate
        let rateNote =
            video.isVariableFrameRate
            ? "variable frame rate → \(frameRate) fps"
            : video.frameRate == frameRate ? nil : "\(Self.decimal(video.frameRate)) fps → \(frameRate) fps"
        // Dropped before the pixels are worked on, repeated after.
        if slowsDown { add(.frameRate(frameRate), note: rateNote) }
        let colours = SourceColours(video)
        if video.hasAlpha { flatten(colours) }
        convert(video, colours)
        orient(video.orientation)
        if let turn = video.turn { notes.append("\(turn) → upright") }
        if !slowsDown { add(.frameRate(frameRate), note: rateNote) }
    }

    /// The normalisation of a still picture that is laid over others: BT.709 YUV with its transparency.
    init(image: MediaInfo.Video) {
        orient(image.orientation)
        add(
            Filter(
                "scale", ["out_color_matrix": "bt709", "out_range": "tv", "flags": "bicubic+accurate_rnd"],
                outputs: [.video]),
            .pixelFormat("yuva444p"), Self.tags)
    }

    private mutating func orient(_ orientation: Orientation) {
        func transpose(_ direction: String) -> Filter {
            Filter("transpose", ["dir": .text(direction)], outputs: [.video])
        }
        let flips = (h: Filter("hflip", outputs: [.video]), v: Filter("vflip", outputs: [.video]))
        switch orientation {
        case .upright: break
        case .mirrored: add(flips.h)
        case .flipped: add(flips.v)
        case .upsideDown: add(flips.h, flips.v)
        case .clockwise: add(transpose("clock"))
        case .counterclockwise: add(transpose("cclock"))
        case .transposed: add(transpose("cclock_flip"))
        case .antitransposed: add(transpose("clock_flip"))
        }
    }

    /// Lays the picture over black: every sample times its opacity.
    private mutating func flatten(_ colours: SourceColours) {
        add(
            .pixelFormat(colours.matrix == nil ? "gbrap" : "yuva444p"),
            Filter("premultiply", ["inplace": true], outputs: [.video]), note: "transparent → over black")
    }

    // MARK: Size and colours

    /// Makes pixels square, sides even, and colours BT.709 in 8-bit 4:2:0 of limited range: in one `zscale` where it takes one.
    private mutating func convert(_ video: MediaInfo.Video, _ colours: SourceColours) {
        let size = video.squareSize
        var resize: PictureSize?
        let isOdd = size != video.codedSize && video.sampleAspect == 1
        if isOdd, min(video.codedSize.width, video.codedSize.height) > 1 {
            add(
                .crop(width: .integer(size.width), height: .integer(size.height), x: 0, y: 0),
                note: "odd size \(video.codedSize) → \(size)")
        } else if size != video.codedSize {
            resize = size
            notes.append("pixels of \(video.sampleAspect) → square, \(video.codedSize) → \(size)")
        }
        if colours.isHDR { return toneMap(video, colours, size, resize) }
        if let primaries = colours.primaries {
            let said = [primaries, video.colour.matrix].compactMap(\.self)
            notes.append("\(Set(said).sorted().joined(separator: " / ")) → BT.709")
        } else if colours.matrix != "bt709" || colours.isFullRange {
            notes.append(
                "\(colours.matrix ?? "RGB")\(colours.isFullRange ? ", full range" : "") → BT.709, limited range")
        }
        let isPlain = colours.matrix == "bt709" && !colours.isFullRange && colours.primaries == nil
        if isPlain, video.pixelFormat == "yuv420p" {
            if let resize {
                add(
                    Filter(
                        "scale", ["w": .integer(resize.width), "h": .integer(resize.height), "flags": "bicubic"],
                        outputs: [.video]),
                    .sampleAspect(1))
            }
            let said = [video.colour.matrix, video.colour.transfer, video.colour.primaries]
            if said.contains(where: { $0 != nil && $0 != "bt709" }) { add(Self.tags) }
            return
        }
        if colours.primaries == nil, video.pixelFormat != "yuv420p" { notes.append("\(video.pixelFormat) → yuv420p") }
        // All curves of standard range are shown alike by today's displays, so the curve stays. Other primaries are moved in
        // linear light, which zimg does by itself.
        add(
            Self.zscale(Self.input(colours, transfer: "bt709").merging(Self.output) { $1 }, resize),
            .pixelFormat("yuv420p"))
        if resize != nil { add(.sampleAspect(1)) }
        add(Self.tags)
    }

    /// A `zscale` with the bicubic filter that all resizing has (``ResizeWithZimg``).
    private static func zscale(_ options: [String: OptionValue], _ size: PictureSize?) -> Filter {
        var options = options.merging(["f": "bicubic", "param_a": 0, "param_b": 0.6, "threads": 1]) { $1 }
        options["w"] = size.map { .integer($0.width) }
        options["h"] = size.map { .integer($0.height) }
        return Filter("zscale", options, outputs: [.video])
    }

    private static func input(_ colours: SourceColours, transfer: String) -> [String: OptionValue] {
        [
            "tin": .text(transfer), "min": .text(colours.zimgMatrix),
            "pin": .text(colours.primaries ?? "bt709"), "rin": colours.isFullRange ? "full" : "limited",
        ]
    }

    /// Colours of the frames between stages: BT.709, limited range. Chroma is sited left, H.264's default.
    private static let output: [String: OptionValue] = [
        "t": "bt709", "m": "bt709", "p": "bt709", "r": "limited", "c": "left",
    ]

    /// The brightest light of a stream that does not say: what HLG is made for, and phones record.
    private static let usualPeak = 1000.0
    /// Diffuse white, in cd/m² (ITU-R BT.2408-7, section 2.2): 1.0 in what follows.
    private static let white = 203.0

    /// PQ and HLG to BT.709: to linear light with diffuse white at 1, the primaries moved, what is brighter bent down by a
    /// Möbius curve, and back.
    ///
    /// Half of diffuse white and less stays exactly as bright as it is: a grey card (26 cd/m²) and skin (up to some
    /// 100 cd/m²) are there (BT.2408-7, table 2). What the pipeline resizes is resized on the way to linear light
    /// (``ResampleOnce``), and pictures above UHD are halved at least: a frame of floats takes 12 bytes a pixel.
    private mutating func toneMap(
        _ video: MediaInfo.Video, _ colours: SourceColours, _ size: PictureSize, _ resize: PictureSize?
    ) {
        let peak = max(1, min(10_000, video.colour.lightLevel ?? Self.usualPeak) / Self.white)
        var linear = Self.input(colours, transfer: colours.transfer)
        linear.merge(["t": "linear", "p": "bt709", "npl": .number(Self.white)]) { $1 }
        // HLG's system gamma works on luminance (BT.2100-2, table 5), which zimg's fast way takes colour by colour.
        if colours.transfer == "arib-std-b67" { linear["agamma"] = false }
        var note = "HDR (\(colours.transfer)) → BT.709"
        var resize = resize
        if size.width * size.height > Self.largestToneMapped {
            let half = PictureSize(width: size.width / 4 * 2, height: size.height / 4 * 2)
            resize = half
            note += ", \(size) → \(half)"
        }
        add(Self.zscale(linear, resize), .pixelFormat("gbrpf32le"))
        if resize != nil { add(.sampleAspect(1)) }
        add(
            Filter(
                "tonemap",
                ["tonemap": "mobius", "param": 0.5, "peak": .number((peak * 1000).rounded() / 1000), "desat": 0],
                outputs: [.video]),
            Self.zscale(Self.output, nil), .pixelFormat("yuv420p"), Self.tags, note: note)
    }

    /// 4096x2304 pixels.
    private static let largestToneMapped = 4096 * 2304

    /// Says that the frames are BT.709, limited range; changes no pixel.
    private static let tags = Filter(
        "setparams",
        ["range": "tv", "colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709"], outputs: [.video])

    private static func decimal(_ rate: Rational) -> String {
        Seconds((rate.value * 1000).rounded() / 1000).description
    }

    // MARK: Audio

    /// The normalisation of sound, cut or lengthened to `length` where that is known.
    init(audio: MediaInfo.Audio, output: AudioEncoding, length: Seconds?) {
        if !Self.isMixable(audio) {
            // Which channel is where cannot be told: the first two are as good as any.
            add(
                Filter("pan", ["args": .text("stereo|c0=c0|c1=c\(audio.channels > 1 ? 1 : 0)")], outputs: [.audio]),
                note: "\(audio.channelLayout) → its first two channels")
        } else if audio.channelLayout != output.channelLayout {
            notes.append("\(audio.channelLayout) → \(output.channelLayout)")
        }
        add(
            .resample(rate: output.sampleRate),
            .audioFormat(rate: output.sampleRate, layout: output.channelLayout))
        if audio.sampleRate != output.sampleRate { notes.append("\(audio.sampleRate) Hz → \(output.sampleRate) Hz") }
        if let length { add(.audioPad(to: length), .audioTrim(to: length)) }
    }

    /// Whether swresample knows where the channels are: not those of an ambisonic or an unnamed layout.
    private static func isMixable(_ audio: MediaInfo.Audio) -> Bool {
        audio.channels <= 8 && !audio.channelLayout.contains("ambisonic")
    }

    /// Silence in place of sound that is not there.
    static func silence(_ output: AudioEncoding, length: Seconds) -> [Filter] {
        [
            .silence(rate: output.sampleRate, layout: output.channelLayout),
            .audioFormat(rate: output.sampleRate, layout: output.channelLayout), .audioTrim(to: length),
        ]
    }
}
