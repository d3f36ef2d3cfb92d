import GraphDSL
import LibAV

/// The filters that make a source what pipelines expect: upright, square, even, 8-bit 4:2:0, BT.709, limited range, at
/// the output's constant frame rate from time 0; sound at the output's rate and layout, exactly as long as the picture.
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
        let slowsDown = video.frameRate > frameRate
        let rateNote =
            video.isVariableFrameRate
            ? "variable frame rate → \(frameRate) fps"
            : video.frameRate == frameRate ? nil : "\(Self.decimal(video.frameRate)) fps → \(frameRate) fps"
        // Dropped before the pixels are worked on, repeated after.
        if slowsDown { add(.frameRate(frameRate), note: rateNote) }
        if video.isInterlaced {
            add(
                Filter("bwdif", ["mode": "send_frame", "deint": "interlaced"], outputs: [.video]),
                note: "interlaced → progressive")
        }
        orient(video.orientation)
        if let turn = video.turn { notes.append("\(turn) → upright") }
        convert(video)
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

    private mutating func convert(_ video: MediaInfo.Video) {
        let size = video.displaySize
        let colour = video.colour
        var scale: [String: OptionValue] = [:]
        let coded =
            video.orientation.swapsSides
            ? PictureSize(width: video.codedSize.height, height: video.codedSize.width) : video.codedSize
        if size != coded {
            scale["w"] = .integer(size.width)
            scale["h"] = .integer(size.height)
            notes.append(
                video.sampleAspect == 1
                    ? "odd size \(coded) → \(size)" : "pixels of \(video.sampleAspect) → square, \(coded) → \(size)")
        }
        if colour.isHDR {
            if !scale.isEmpty { addScale(scale, resizes: true) }
            toneMap(colour, note: "HDR (\(colour.transfer ?? "")) → BT.709")
            return
        }
        let matrix = Self.matrix(of: video)
        if matrix != "bt709" || colour.isFullRange {
            if let matrix { scale["in_color_matrix"] = .text(matrix) }
            scale["out_color_matrix"] = "bt709"
            scale["in_range"] = colour.isFullRange ? "pc" : "tv"
            scale["out_range"] = "tv"
            notes.append("\(matrix ?? "RGB")\(colour.isFullRange ? ", full range" : "") → BT.709, limited range")
        }
        let converts = video.pixelFormat != "yuv420p"
        if converts { notes.append("\(video.pixelFormat) → yuv420p") }
        if !scale.isEmpty || converts { addScale(scale, resizes: size != coded) }
        if converts { add(.pixelFormat("yuv420p")) }
        if [colour.matrix, colour.transfer, colour.primaries] != ["bt709", "bt709", "bt709"] || colour.isFullRange {
            add(Self.tags)
        }
    }

    private mutating func addScale(_ options: [String: OptionValue], resizes: Bool) {
        add(Filter("scale", options.merging(["flags": "bicubic"]) { old, _ in old }, outputs: [.video]))
        if resizes { add(.sampleAspect(1)) }
    }

    /// PQ and HLG, BT.2020, to BT.709: to linear light with 100 cd/m² at 1 (ITU-R BT.2408, reference display), the
    /// primaries moved, the highlights bent down by Hable's curve, and back.
    private mutating func toneMap(_ colour: ColourDescription, note: String) {
        func zscale(_ options: [String: OptionValue]) -> Filter { Filter("zscale", options, outputs: [.video]) }
        add(
            zscale([
                "tin": .text(colour.transfer ?? "smpte2084"), "min": .text(colour.matrix ?? "bt2020nc"),
                "pin": .text(colour.primaries ?? "bt2020"), "rin": colour.isFullRange ? "full" : "limited",
                "t": "linear", "npl": 100,
            ]),
            .pixelFormat("gbrpf32le"), zscale(["p": "bt709"]),
            Filter("tonemap", ["tonemap": "hable", "desat": 0], outputs: [.video]),
            zscale(["t": "bt709", "m": "bt709", "r": "limited"]), .pixelFormat("yuv420p"), Self.tags, note: note)
    }

    /// The matrix of a picture's YUV by swscale's name, or nil for RGB. A stream that does not say is taken as players
    /// take it: BT.709 from 1280 or 577 lines on, BT.601 below.
    private static func matrix(of video: MediaInfo.Video) -> String? {
        let names = [
            "bt709": "bt709", "smpte170m": "smpte170m", "bt470bg": "bt470", "fcc": "fcc", "smpte240m": "smpte240m",
            "bt2020nc": "bt2020", "bt2020c": "bt2020",
        ]
        if let matrix = video.colour.matrix, let name = names[matrix] { return name }
        if video.pixelFormat.contains("rgb") || video.pixelFormat.contains("bgr") || video.pixelFormat.hasPrefix("gbr")
            || video.pixelFormat == "pal8"
        {
            return nil
        }
        return video.codedSize.width >= 1280 || video.codedSize.height > 576 ? "bt709" : "bt601"
    }

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
        add(
            .resample(rate: output.sampleRate),
            .audioFormat(rate: output.sampleRate, layout: output.channelLayout))
        if audio.channelLayout != output.channelLayout {
            notes.append("\(audio.channelLayout) → \(output.channelLayout)")
        }
        if audio.sampleRate != output.sampleRate { notes.append("\(audio.sampleRate) Hz → \(output.sampleRate) Hz") }
        if let length { add(.audioPad(to: length), .audioTrim(to: length)) }
    }

    /// Silence in place of sound that is not there.
    static func silence(_ output: AudioEncoding, length: Seconds) -> [Filter] {
        [
            .silence(rate: output.sampleRate, layout: output.channelLayout),
            .audioFormat(rate: output.sampleRate, layout: output.channelLayout), .audioTrim(to: length),
        ]
    }
}
