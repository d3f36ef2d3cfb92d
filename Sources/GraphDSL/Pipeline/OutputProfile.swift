/// What a pipeline's output is: its container, its encoders and their settings.
public struct OutputProfile: Hashable, Codable, Sendable {
    /// The containers that can be written.
    public enum Container: String, Codable, Sendable {
        /// ISO/IEC 14496-14, with its index before the media.
        case mp4
    }

    /// The container.
    public var container: Container
    /// Frames a second, constant.
    public var frameRate: Rational
    /// How the picture is encoded.
    public var video: VideoEncoding
    /// How the sound is encoded, where there is some.
    public var audio: AudioEncoding
}

/// How the picture is encoded.
public struct VideoEncoding: Hashable, Codable, Sendable {
    /// The encoders there are.
    public enum Codec: String, Codable, Sendable {
        /// ITU-T H.264 by x264, High profile, 8-bit 4:2:0.
        case h264
    }

    /// x264's presets, fastest first.
    public enum Preset: String, CaseIterable, Codable, Sendable {
        case ultrafast, superfast, veryfast, faster, fast, medium, slow, slower, veryslow
    }

    /// What the encoder's decisions favour, by x264's names.
    public enum Tune: String, CaseIterable, Codable, Sendable {
        /// Camera films.
        case film
        /// Drawn pictures.
        case animation
        /// The grain of film.
        case grain
        /// Structural similarity: pictures as they measure best, without what only eyes would like better.
        case ssim
        /// The least squared error.
        case psnr
    }

    /// The encoder.
    public var codec: Codec
    /// How much work goes into making the file small.
    public var preset: Preset
    /// Constant rate factor: 0 lossless, 23 x264's default, 51 worst.
    public var crf: Double
    /// What its decisions favour; nil for what looks best by x264's own judgement.
    public var tune: Tune?
    /// How many frames the encoder looks ahead before it spends bits, 0 to 250; nil for the preset's own number (40 at
    /// `medium`). Each takes some 3.5 bytes a pixel of memory.
    public var lookahead: Int?
    /// Further options of the encoder, by libavcodec's names for them (`ffmpeg -h encoder=libx264`); a run refuses one that
    /// the encoder does not know.
    public var options: [String: String]?

    /// Whether the picture is encoded even where no stage changes it. Nil or false passes the clip's own packets on then,
    /// at the clip's own bit rate, where they are what the output would have: of the same codec, at the output's frame rate,
    /// in 8-bit 4:2:0, BT.709, upright, cut at key frames.
    public var alwaysEncodes: Bool?

    /// H.264 by x264.
    public static func h264(
        preset: Preset = .medium, crf: Double = 23, tune: Tune? = nil, lookahead: Int? = nil,
        options: [String: String]? = nil, alwaysEncodes: Bool? = nil
    ) -> VideoEncoding {
        VideoEncoding(
            codec: .h264, preset: preset, crf: crf, tune: tune, lookahead: lookahead, options: options,
            alwaysEncodes: alwaysEncodes)
    }
}

/// How the sound is encoded.
public struct AudioEncoding: Hashable, Codable, Sendable {
    /// The encoders there are.
    public enum Codec: String, Codable, Sendable {
        /// MPEG-4 AAC, low complexity.
        case aac
    }

    /// The encoder.
    public var codec: Codec
    /// Bits a second.
    public var bitRate: Int
    /// Samples a second.
    public var sampleRate: Int
    /// The channel layout, by libavutil's name.
    public var channelLayout: String

    /// AAC: 48 kHz stereo.
    public static func aac(bitRate: Int = 128_000) -> AudioEncoding {
        AudioEncoding(codec: .aac, bitRate: bitRate, sampleRate: 48_000, channelLayout: "stereo")
    }
}

/// An MP4 file: H.264, and AAC where the pipeline keeps sound, playable before it is loaded whole.
public struct MP4: Sendable {
    /// What it is made of.
    public let profile: OutputProfile

    /// An MP4 file at a constant frame rate.
    public init(video: VideoEncoding = .h264(), frameRate: Rational, audio: AudioEncoding = .aac()) {
        profile = OutputProfile(container: .mp4, frameRate: frameRate, video: video, audio: audio)
    }
}

extension OutputProfile {
    /// What is out of range in the settings, a sentence each.
    var problems: [String] {
        func check(_ name: String, _ value: Double, _ range: ParameterRange, _ text: String) -> String? {
            range.contains(value) ? nil : "output: \(name) is \(text), but must be \(range)"
        }
        return [
            check("crf", video.crf, .between(0, 51), "\(video.crf)"),
            video.lookahead.flatMap { check("lookahead", Double($0), .between(0, 250), "\($0)") },
            check("frameRate", frameRate.value, .between(1, 120), "\(frameRate)"),
            check("bitRate", Double(audio.bitRate), .between(32_000, 512_000), "\(audio.bitRate)"),
        ].compactMap(\.self)
    }
}
