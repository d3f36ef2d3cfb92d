import GraphDSL
package import LibAV

/// Finds out what a media file is.
package enum Prober {
    /// Probes a source of bytes. Blocks: never call it on Swift's cooperative threads.
    ///
    /// - Parameter name: what the input is called in errors.
    package static func probe(
        _ source: any ByteSource, name: String, cancellation: CancellationFlag
    ) throws(RunError) -> MediaInfo {
        let demuxer = try open(source, name: name, cancellation: cancellation)
        let video = videoStream(demuxer.streams)
        let audio = audioStream(demuxer.streams)
        var info = MediaInfo(
            container: demuxer.format, bytes: source.size, duration: demuxer.duration.map(Seconds.init(microseconds:)),
            isDurationMeasured: false, video: video.map { MediaInfo.Video($0.stream, $0.facts) },
            audio: audio.map { MediaInfo.Audio($0.stream, $0.facts) },
            ignored: demuxer.streams
                .filter { $0.index != video?.stream.index && $0.index != audio?.stream.index }.map(\.words))
        if isStill(demuxer.format) {
            info.duration = nil
        } else if let duration = info.duration, !isAbsurd(duration, bytes: info.bytes) {
            info.setDurations(
                video: believable(info.video?.duration, duration), audio: believable(info.audio?.duration, duration))
        } else {
            try measure(&info, demuxer, name: name)
        }
        return info
    }

    /// Opens a container, with this room's errors.
    static func open(
        _ source: any ByteSource, name: String, cancellation: CancellationFlag
    ) throws(RunError) -> Demuxer {
        do throws(AVError) {
            return try Demuxer(source, cancellation: cancellation)
        } catch {
            throw error.isCancelled || cancellation.isCancelled ? .cancelled : .notMedia(name, error)
        }
    }

    /// The video stream that people mean: not cover art, decodable, marked as default, the largest picture.
    private static func videoStream(
        _ streams: [StreamDescription]
    ) -> (stream: StreamDescription, facts: StreamDescription.Video)? {
        func rank(_ it: (stream: StreamDescription, facts: StreamDescription.Video)) -> (Int, Int, Int, Int) {
            (
                it.stream.isDecodable ? 1 : 0, it.facts.width * it.facts.height, it.stream.isDefault ? 1 : 0,
                -it.stream.index
            )
        }
        return streams.compactMap { stream in
            guard case .video(let facts) = stream.content, !facts.isAttachedPicture else { return nil }
            return (stream, facts)
        }.max { rank($0) < rank($1) }
    }

    /// The audio stream that people mean: decodable, marked as default, the first.
    private static func audioStream(
        _ streams: [StreamDescription]
    ) -> (stream: StreamDescription, facts: StreamDescription.Audio)? {
        streams.compactMap { stream in
            guard case .audio(let facts) = stream.content, stream.isDecodable, facts.sampleRate > 0, facts.channels > 0
            else { return nil }
            return (stream, facts)
        }.max {
            ($0.stream.isDefault ? 1 : 0, -$0.stream.index) < ($1.stream.isDefault ? 1 : 0, -$1.stream.index)
        }
    }

    private static func isStill(_ format: String) -> Bool { format.hasSuffix("_pipe") }

    /// Under 2 kbit/s there is no picture: the container's word is wrong.
    private static func isAbsurd(_ duration: Seconds, bytes: Int64?) -> Bool {
        guard let bytes else { return false }
        return Double(bytes) * 8 / duration.value < 2000 && duration > 60
    }

    /// A stream's own duration, where it is not longer than its container's.
    private static func believable(_ stream: Seconds?, _ container: Seconds) -> Seconds {
        min(stream ?? container, container)
    }

    /// Reads all packets and takes the last end of each stream for its duration.
    private static func measure(_ info: inout MediaInfo, _ demuxer: Demuxer, name: String) throws(RunError) {
        let wanted = Set([info.video?.stream, info.audio?.stream].compactMap(\.self))
        guard !wanted.isEmpty else { return }
        demuxer.select(wanted)
        var ends: [Int: Seconds] = [:]
        do throws(AVError) {
            while let packet = try demuxer.next() {
                guard let pts = packet.pts else { continue }
                let end = demuxer.streams[packet.stream].timeBase.rescale(pts &+ packet.duration, to: .microseconds)
                ends[packet.stream] = max(ends[packet.stream] ?? .zero, Seconds(microseconds: end))
            }
        } catch {
            // A damaged end: what was read so far counts.
            if error.isCancelled { throw .cancelled }
        }
        info.setDurations(
            video: info.video.flatMap { ends[$0.stream] }, audio: info.audio.flatMap { ends[$0.stream] })
        info.duration = ends.values.max()
        info.isDurationMeasured = true
    }
}

extension MediaInfo {
    fileprivate mutating func setDurations(video: Seconds?, audio: Seconds?) {
        self.video?.duration = video
        self.audio?.duration = audio
    }
}

extension StreamDescription {
    fileprivate var words: String {
        switch content {
        case .video(let facts): "\(facts.isAttachedPicture ? "cover art" : "video") (\(codec))"
        case .audio: "audio (\(codec))"
        case .other(let kind): "\(kind) (\(codec))"
        }
    }
}

extension MediaInfo.Video {
    fileprivate init(_ stream: StreamDescription, _ facts: StreamDescription.Video) {
        let average = Rational(facts.averageFrameRate)
        let base = Rational(facts.baseFrameRate)
        let format = facts.pixelFormat ?? "unknown"
        self.init(
            stream: stream.index, codec: stream.codec,
            codedSize: PictureSize(width: facts.width, height: facts.height),
            sampleAspect: facts.sampleAspect.isPositive ? Rational(facts.sampleAspect) : 1,
            orientation: facts.orientation, frameRate: average.isPositive ? average : base,
            // A tenth of a percent of difference is rounding of the container's clock.
            isVariableFrameRate: average.isPositive && (base.value / average.value - 1).magnitude > 0.001,
            pixelFormat: format, bitDepth: facts.bitDepth,
            colour: ColourDescription(
                matrix: facts.colourSpace, transfer: facts.colourTransfer, primaries: facts.colourPrimaries,
                isFullRange: facts.colourRange == "pc" || format.hasPrefix("yuvj")),
            isInterlaced: facts.isInterlaced, duration: stream.duration.map(Seconds.init(microseconds:)))
    }
}

extension MediaInfo.Audio {
    fileprivate init(_ stream: StreamDescription, _ facts: StreamDescription.Audio) {
        self.init(
            stream: stream.index, codec: stream.codec, sampleRate: facts.sampleRate, channels: facts.channels,
            channelLayout: facts.channelLayout, duration: stream.duration.map(Seconds.init(microseconds:)))
    }
}

extension Rational {
    init(_ fraction: Fraction) { self.init(Int64(fraction.numerator), Int64(fraction.denominator)) }
}

extension Fraction {
    init(_ rational: Rational) {
        self.init(Int32(clamping: rational.numerator), Int32(clamping: rational.denominator))
    }
}
