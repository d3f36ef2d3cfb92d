import GraphDSL
import LibAV

extension OutputProfile {
    /// The encoder of a stream.
    ///
    /// - Parameter size: the picture's size; of no account for audio.
    /// - Throws: ``AVError`` where it refuses the settings.
    func encoder(of kind: MediaKind, size: (width: Int, height: Int)) throws(AVError) -> Encoder {
        guard kind == .video else {
            return try Encoder(
                audio: .init(
                    encoder: audio.codec.rawValue, sampleRate: audio.sampleRate, channelLayout: audio.channelLayout,
                    bitRate: audio.bitRate))
        }
        return try Encoder(
            video: .init(
                encoder: video.codec.encoder, width: size.width, height: size.height, frameRate: Fraction(frameRate),
                options: video.encoderOptions))
    }
}

extension VideoEncoding.Codec {
    /// libavcodec's name of the encoder.
    var encoder: String {
        switch self {
        case .h264: "libx264"
        }
    }
}

extension VideoEncoding {
    /// The encoder's options.
    fileprivate var encoderOptions: [String: String] {
        switch codec {
        case .h264:
            var options = ["preset": preset.rawValue, "crf": "\(crf)", "profile": "high"]
            options["tune"] = tune?.rawValue
            if let lookahead {
                options["rc-lookahead"] = "\(lookahead)"
                // What is seen ahead is used for the bits of each block too, whatever the preset.
                if lookahead > 0 { options["mbtree"] = "1" }
            }
            return options.merging(self.options ?? [:]) { $1 }
        }
    }
}
