package import GraphDSL
import LibAV

/// What decoding a picture's stream takes.
struct PictureLoad: Hashable, Sendable {
    /// Pixels a second as coded; 0 for sound.
    var pixelRate: Int
    /// About how many bytes a decoded frame takes.
    var frameBytes: Int

    /// Pixels a second that one thread decodes faster than the rest of a run takes the frames: 720p30. More threads would
    /// only hold more frames.
    private static let light = 1280 * 720 * 30

    /// Whether its frames are so large, like 8K of 10 bit, that each one less counts.
    var isHuge: Bool { frameBytes > 64 << 20 }

    /// How many decoded frames may wait for the filters: the more there are, the less its decoder waits.
    var waitingFrames: Int { isHuge ? 1 : frameBytes > 4 << 20 ? 2 : 4 }

    /// How its decoding is shared among threads.
    var threading: Decoder.Threading { pixelRate <= Self.light ? .none : isHuge ? .slices : .frames }
}

extension PictureLoad {
    /// The load of a stream whose chroma is 4:2:0.
    init(width: Int, height: Int, frameRate: Double, bitDepth: Int) {
        self.init(
            pixelRate: Int(Double(width * height) * min(1000, frameRate)),
            frameBytes: width * height * 3 / 2 * (bitDepth > 8 ? 2 : 1))
    }
}

extension Plan {
    /// Whether decoding takes more of the processors than encoding, as it does with large clips and fast presets.
    ///
    /// - Parameter size: of the output's picture.
    package func isMostlyDecoding(for size: PictureSize) -> Bool {
        let decoded = inputs.flatMap(\.streams).map(\.load).max() ?? 0
        let encoded = Double(size.width * size.height) * output.frameRate.value
        return Double(decoded) > encoded * output.video.preset.workPerPixel
    }
}

extension VideoEncoding.Preset {
    /// How many times the work of decoding a pixel x264 has with one, measured with a clip as phones make them (H.264, 12 Mbit/s).
    fileprivate var workPerPixel: Double {
        switch self {
        case .ultrafast: 0.6
        case .superfast: 1.6
        case .veryfast: 1.9
        case .faster: 2.9
        case .fast: 4.1
        case .medium: 5.4
        case .slow: 7.7
        case .slower: 12.5
        case .veryslow: 20
        }
    }
}
