// The audio filters that the built-in stages and the normalisation use, typed. Names, options and units are
// libavfilter's: FFmpeg documentation, `ffmpeg-filters`.

extension Filter {
    /// Keeps the samples from `start` up to, not including, `end`, on the clip's clock.
    public static func audioTrim(from start: Seconds = .zero, to end: Seconds?) -> Filter {
        .audio("atrim", trimOptions(from: start, to: end))
    }

    /// Gives samples new times, in units of the link's time base; `PTS` is the old one.
    public static func audioSetPTS(_ formula: Expression) -> Filter {
        .audio("asetpts", ["expr": .expression(formula)])
    }

    /// Resamples to `rate` Hz, filling gaps in time with silence, from time 0 on.
    public static func resample(rate: Int) -> Filter {
        .audio("aresample", ["osr": .integer(rate), "async": 1, "first_pts": 0])
    }

    /// Converts to planar floating-point samples in a channel layout, at `rate` Hz.
    public static func audioFormat(rate: Int, layout: String) -> Filter {
        .audio(
            "aformat",
            ["sample_fmts": "fltp", "sample_rates": .text(String(rate)), "channel_layouts": .text(layout)])
    }

    /// Gives the sound in frames of so many samples, the last one shorter.
    public static func audioPieces(of samples: Int) -> Filter {
        .audio("asetnsamples", ["n": .integer(samples), "p": 0])
    }

    /// Endless silence.
    public static func silence(rate: Int, layout: String) -> Filter {
        .audio("anullsrc", ["r": .integer(rate), "cl": .text(layout)])
    }

    /// Adds silence at the end until the whole lasts `duration`.
    public static func audioPad(to duration: Seconds) -> Filter {
        .audio("apad", ["whole_dur": .duration(duration)])
    }

    /// Rises from silence from the first sample on, over `duration`.
    public static func audioFadeIn(over duration: Seconds) -> Filter {
        .audio("afade", ["t": "in", "st": .duration(.zero), "d": .duration(duration)])
    }

    /// Sinks to silence over `duration`, ending with the clip.
    public static func audioFadeOut(over duration: Seconds) -> Filter {
        .audio("afade", ["t": "out", "st": fadeStart(duration), "d": .duration(duration)])
    }

    /// Changes the speed without changing the pitch; libavfilter takes rates from 0.5 to 100.
    public static func tempo(_ rate: Double) -> Filter { .audio("atempo", ["tempo": .number(rate)]) }

    /// Normalises loudness to EBU R 128: `integrated` LUFS, `truePeak` dBTP at most, `range` LU.
    public static func loudness(integrated: Double, truePeak: Double, range: Double) -> Filter {
        .audio("loudnorm", ["I": .number(integrated), "TP": .number(truePeak), "LRA": .number(range)])
    }
}
