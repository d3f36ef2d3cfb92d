package import LibAV

/// A video file decoded for comparing: the luma of some frames, the count of all, and the sound.
package struct DecodedClip {
    /// A picture's planes, a byte a sample.
    package struct Picture: Equatable, Sendable {
        package let width, height: Int
        package let luma, cb, cr: [UInt8]

        /// The mean of the luma of a part of the picture, its sides as shares of the picture's.
        package func mean(
            x: ClosedRange<Double> = 0...1, y: ClosedRange<Double> = 0...1, of plane: KeyPath<Picture, [UInt8]> = \.luma
        ) -> Double {
            let isLuma = plane == \.luma
            let (w, h) = isLuma ? (width, height) : ((width + 1) / 2, (height + 1) / 2)
            let columns =
                Int(x.lowerBound * Double(w))..<max(Int(x.lowerBound * Double(w)) + 1, Int(x.upperBound * Double(w)))
            let rows =
                Int(y.lowerBound * Double(h))..<max(Int(y.lowerBound * Double(h)) + 1, Int(y.upperBound * Double(h)))
            let values = self[keyPath: plane]
            var sum = 0
            for row in rows { for column in columns { sum += Int(values[row * w + column]) } }
            return Double(sum) / Double(rows.count * columns.count)
        }
    }

    /// The streams of the container.
    package private(set) var streams: [StreamDescription] = []
    /// How many frames the video has.
    package private(set) var frameCount = 0
    /// The times of the frames, in units of the stream's time base.
    package private(set) var times: [Int64] = []
    /// The time base of ``times``.
    package private(set) var timeBase = Fraction(0, 1)
    /// The frames that were asked for, by number.
    package private(set) var pictures: [Int: Picture] = [:]
    /// The samples of the first channel.
    package private(set) var samples: [Float] = []
    /// When the first sample sounds, in seconds.
    package private(set) var audioStart = 0.0
    /// How many packets or frames could not be decoded.
    package private(set) var errors = 0

    /// The facts of the video stream.
    package var video: StreamDescription.Video? {
        for stream in streams { if case .video(let facts) = stream.content { return facts } }
        return nil
    }

    /// The facts of the audio stream.
    package var audio: StreamDescription.Audio? {
        for stream in streams { if case .audio(let facts) = stream.content { return facts } }
        return nil
    }

    /// Decodes a whole file.
    ///
    /// - Parameter keep: which frames to keep.
    package init(_ path: String, keeping keep: (Int) -> Bool = { _ in false }) throws {
        let demuxer = try Demuxer(try FileByteSource(path: path), cancellation: CancellationFlag())
        streams = demuxer.streams
        var decoders: [Int: (decoder: Decoder, isVideo: Bool)] = [:]
        for stream in streams {
            switch stream.content {
            case .video: decoders[stream.index] = (try Decoder(demuxer, stream: stream.index), true)
            case .audio: decoders[stream.index] = (try Decoder(demuxer, stream: stream.index), false)
            case .other: break
            }
        }
        while let packet = try demuxer.next() {
            guard let (decoder, isVideo) = decoders[packet.stream] else { continue }
            take(packet, decoder, isVideo, keep)
        }
        for (decoder, isVideo) in decoders.values { take(nil, decoder, isVideo, keep) }
    }

    private mutating func take(_ packet: Packet?, _ decoder: Decoder, _ isVideo: Bool, _ keep: (Int) -> Bool) {
        do {
            try decoder.send(packet)
            while let frame = try decoder.receive() {
                if frame.isCorrupt { errors += 1 }
                guard isVideo else {
                    if samples.isEmpty { audioStart = Double(frame.pts ?? 0) * decoder.timeBase.seconds }
                    samples += frame.samples(channel: 0)
                    continue
                }
                times.append(frame.pts ?? -1)
                timeBase = decoder.timeBase
                if keep(frameCount) {
                    pictures[frameCount] = Picture(
                        width: frame.width, height: frame.height, luma: frame.bytes(plane: 0),
                        cb: frame.bytes(plane: 1), cr: frame.bytes(plane: 2))
                }
                frameCount += 1
            }
        } catch {
            errors += 1
        }
    }
}

extension Fraction {
    /// One unit, in seconds.
    package var seconds: Double { Double(numerator) / Double(denominator) }
}
