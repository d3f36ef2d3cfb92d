/// What is known of one property of a link.
public enum Fact<Value: Hashable & Sendable>: Hashable, Sendable {
    /// It has this value, whatever the upload.
    case known(Value)
    /// It is the upload's own.
    case fromSource
    /// It cannot be told before libavfilter is asked.
    case unknown

    /// The value, where it is known.
    public var value: Value? {
        if case .known(let value) = self { value } else { nil }
    }

    /// The fact about a value made from this one; a value made from the upload's is not the upload's own.
    func map<Other>(_ transform: (Value) -> Other) -> Fact<Other> {
        if case .known(let value) = self { .known(transform(value)) } else { .unknown }
    }
}

/// How long a link lasts.
public enum DurationBound: Hashable, Sendable {
    /// Exactly so long.
    case exactly(Seconds)
    /// No longer than this.
    case atMost(Seconds)
    /// For ever, as a generator does.
    case endless
    /// Not known before a clip is.
    case unknown

    /// The longest it can be, where there is a bound.
    public var longest: Seconds? {
        switch self {
        case .exactly(let time), .atMost(let time): time
        case .endless, .unknown: nil
        }
    }

    /// The length, where it is known exactly.
    public var exact: Seconds? {
        if case .exactly(let time) = self { time } else { nil }
    }

    /// The same bound on a transformed time.
    func map(_ transform: (Seconds) -> Seconds) -> DurationBound {
        switch self {
        case .exactly(let time): .exactly(transform(time))
        case .atMost(let time): .atMost(transform(time))
        case .endless, .unknown: self
        }
    }

    /// The bound after keeping only what lies between two moments.
    func trimmed(from start: Seconds, to end: Seconds?) -> DurationBound {
        let kept = map { time in max(.zero, min(time, end ?? time) - start) }
        guard let end else { return kept }
        let length = max(.zero, end - start)
        return kept == .endless ? .exactly(length) : kept == .unknown ? .atMost(length) : kept
    }

    /// The bound of one thing after another.
    static func + (left: DurationBound, right: DurationBound) -> DurationBound {
        switch (left, right) {
        case (.exactly(let a), .exactly(let b)): .exactly(a + b)
        case (.endless, _), (_, .endless): .endless
        case (.unknown, _), (_, .unknown): .unknown
        default: .atMost((left.longest ?? .zero) + (right.longest ?? .zero))
        }
    }
}

/// What is known of a video link.
public struct VideoFormat: Hashable, Sendable {
    /// The picture's size in pixels.
    public var size: Fact<PictureSize>
    /// The shape of a pixel, width to height.
    public var sampleAspect: Fact<Rational>
    /// Frames a second, constant.
    public var frameRate: Fact<Rational>
    /// The pixel format, by libavutil's name.
    public var pixelFormat: Fact<String>
    /// How long it lasts.
    public var duration: DurationBound

    /// A video format from its facts.
    public init(
        size: Fact<PictureSize>, sampleAspect: Fact<Rational>, frameRate: Fact<Rational>, pixelFormat: Fact<String>,
        duration: DurationBound
    ) {
        self.size = size
        self.sampleAspect = sampleAspect
        self.frameRate = frameRate
        self.pixelFormat = pixelFormat
        self.duration = duration
    }

    /// A video of which nothing is known.
    static let unknown = VideoFormat(
        size: .unknown, sampleAspect: .unknown, frameRate: .unknown, pixelFormat: .unknown, duration: .unknown)
}

/// What is known of an audio link.
public struct AudioFormat: Hashable, Sendable {
    /// Samples a second.
    public var sampleRate: Fact<Int>
    /// The channel layout, by libavutil's name (`stereo`, `5.1`).
    public var channelLayout: Fact<String>
    /// How long it lasts.
    public var duration: DurationBound

    /// An audio format from its facts.
    public init(sampleRate: Fact<Int>, channelLayout: Fact<String>, duration: DurationBound) {
        self.sampleRate = sampleRate
        self.channelLayout = channelLayout
        self.duration = duration
    }

    /// Audio of which nothing is known.
    static let unknown = AudioFormat(sampleRate: .unknown, channelLayout: .unknown, duration: .unknown)
}

/// What is known of a link.
public enum LinkFormat: Hashable, Sendable {
    /// It carries pictures.
    case video(VideoFormat)
    /// It carries sound.
    case audio(AudioFormat)

    /// What the link carries.
    public var kind: MediaKind {
        switch self {
        case .video: .video
        case .audio: .audio
        }
    }

    /// The video format, where the link carries video.
    public var video: VideoFormat? {
        if case .video(let format) = self { format } else { nil }
    }

    /// The audio format, where the link carries audio.
    public var audio: AudioFormat? {
        if case .audio(let format) = self { format } else { nil }
    }

    /// How long the link lasts.
    public var duration: DurationBound {
        get {
            switch self {
            case .video(let format): format.duration
            case .audio(let format): format.duration
            }
        }
        set {
            switch self {
            case .video(var format):
                format.duration = newValue
                self = .video(format)
            case .audio(var format):
                format.duration = newValue
                self = .audio(format)
            }
        }
    }

    /// A link of a kind of which nothing else is known.
    package static func unknown(_ kind: MediaKind) -> LinkFormat {
        kind == .video ? .video(.unknown) : .audio(.unknown)
    }
}
