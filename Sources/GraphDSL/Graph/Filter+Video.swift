// The video filters that the built-in stages and the normalisation use, typed. Names, options and units are
// libavfilter's: FFmpeg documentation, `ffmpeg-filters`.

extension Filter {
    /// Resizes the picture. A width or height of -2 keeps the shape and is even.
    public static func scale(width: OptionValue, height: OptionValue) -> Filter {
        .video("scale", ["w": width, "h": height, "flags": "bicubic"])
    }

    /// Resizes the picture to fit inside `size`, keeping its shape, with even sides.
    public static func scale(fittingIn width: OptionValue, _ height: OptionValue) -> Filter {
        .video(
            "scale",
            [
                "w": width, "h": height, "flags": "bicubic", "force_original_aspect_ratio": "decrease",
                "force_divisible_by": 2,
            ])
    }

    /// Keeps a rectangle of the picture, its corner `x` pixels from the left and `y` from the top.
    public static func crop(width: OptionValue, height: OptionValue, x: OptionValue, y: OptionValue) -> Filter {
        .video("crop", ["w": width, "h": height, "x": x, "y": y])
    }

    /// Sets the picture on a larger one of one colour, `x` pixels from its left and `y` from its top.
    public static func pad(
        width: OptionValue, height: OptionValue, x: OptionValue, y: OptionValue, colour: Colour
    ) -> Filter {
        .video("pad", ["w": width, "h": height, "x": x, "y": y, "color": .text(colour.description)])
    }

    /// Keeps the frames from `start` up to, not including, `end`, on the clip's clock.
    public static func trim(from start: Seconds = .zero, to end: Seconds?) -> Filter {
        .video("trim", trimOptions(from: start, to: end))
    }

    static func trimOptions(from start: Seconds, to end: Seconds?) -> [String: OptionValue] {
        var options: [String: OptionValue] = [:]
        if start != .zero { options["start"] = .duration(start) }
        if let end { options["end"] = .duration(end) }
        return options
    }

    /// Gives each frame a new time, in units of the link's time base; `PTS` is the old one.
    public static func setPTS(_ formula: Expression) -> Filter { .video("setpts", ["expr": .expression(formula)]) }

    /// Counts time in other units; `AVTB` is microseconds.
    public static func timeBase(_ unit: Expression) -> Filter { .video("settb", ["expr": .expression(unit)]) }

    /// Repeats and drops frames until their rate is constant, filling from time 0.
    public static func frameRate(_ rate: Rational) -> Filter {
        .video("fps", ["fps": .rational(rate), "start_time": 0])
    }

    /// Converts to one of the named pixel formats.
    public static func pixelFormat(_ name: String) -> Filter { .video("format", ["pix_fmts": .text(name)]) }

    /// Declares the shape of a pixel, without changing the picture.
    public static func sampleAspect(_ ratio: Rational) -> Filter { .video("setsar", ["sar": .rational(ratio)]) }

    /// Lays the second input over the first. In `x` and `y`, `W H` are the sizes of the first and `w h` of the second.
    ///
    /// The last frame of the second input stays when it ends; the output ends with the first.
    public static func overlay(x: Expression, y: Expression) -> Filter {
        .video("overlay", ["x": .expression(x), "y": .expression(y), "format": "yuv420", "eof_action": "repeat"])
    }

    /// Multiplies the opacity of every pixel: 0 invisible, 1 unchanged.
    public static func opacity(_ share: Double) -> Filter {
        .video("lutyuv", ["a": .expression("val*\(share.filterText)")])
    }

    /// Rises from black from the first frame on, over `duration`.
    public static func fadeIn(over duration: Seconds) -> Filter {
        .video("fade", ["t": "in", "st": .duration(.zero), "d": .duration(duration)])
    }

    /// Sinks to black over `duration`, ending with the clip.
    public static func fadeOut(over duration: Seconds) -> Filter {
        .video("fade", ["t": "out", "st": fadeStart(duration), "d": .duration(duration)])
    }

    static func fadeStart(_ duration: Seconds) -> OptionValue {
        .expression("max(0, in.duration-\(duration.description))")
    }

    /// Repeats the last frame without end.
    package static let holdingLastFrame = Filter.video("tpad", ["stop": -1, "stop_mode": "clone"])

    /// Joins `count` pieces in time. Inputs: the video (and audio, when `audio` is set) of each piece in turn.
    public static func concat(count: Int, audio: Bool) -> Filter {
        Filter(
            "concat", ["n": .integer(count), "v": 1, "a": .integer(audio ? 1 : 0)],
            outputs: audio ? [.video, .audio] : [.video])
    }

    /// Gives the same link to `count` readers.
    public static func split(_ kind: MediaKind, count: Int) -> Filter {
        Filter(
            kind == .video ? "split" : "asplit", ["outputs": .integer(count)],
            outputs: Array(repeating: kind, count: count))
    }
}
