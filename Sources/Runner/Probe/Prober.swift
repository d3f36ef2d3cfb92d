import GraphDSL
package import LibAV

/// Finds out what a media file is.
package enum Prober {
    /// To be raised where the same file comes to be told otherwise: what was kept under another number is not believed.
    static let revision = 2

    /// Probes a source of bytes. Blocks: never call it on Swift's cooperative threads.
    ///
    /// - Parameter name: what the input is called in errors.
    package static func probe(
        _ source: any ByteSource, name: String, limits: Limits, cancellation: CancellationFlag
    ) throws(RunError) -> MediaInfo {
        try begin(source, name: name, limits: limits, cancellation: cancellation).info
    }

    /// Probes a source of bytes for a run that goes on where the probe stops.
    ///
    /// - Returns: what it is; and what a run goes on from, nil where it must begin anew.
    static func begin(
        _ source: any ByteSource, name: String, limits: Limits, cancellation: CancellationFlag
    ) throws(RunError) -> (info: MediaInfo, beginning: Beginning?) {
        var demuxer = try open(source, name: name, limits: limits, depth: .lists, cancellation: cancellation)
        let pictures = pictures(demuxer.streams)
        let counted = try count(pictures, in: demuxer)
        if counted != nil {
            demuxer = try open(source, name: name, limits: limits, depth: .lists, cancellation: cancellation)
        }
        let said = pictures.map { ($0.stream.index, $0.stream.frameCount) }
        let frames = counted ?? Dictionary(uniqueKeysWithValues: said).compactMapValues(\.self)
        let video = videoStream(pictures, frames: frames)
        let audio = audioStream(demuxer.streams)
        if let facts = video?.facts { try check(facts.width, facts.height, name, limits) }

        var claim = Claim(demuxer, video: video?.stream, bytes: source.size, isDistant: source.isDistant)
        var survey = Survey(demuxer, video: video?.stream, audio: audio?.stream)
        do throws(AVError) {
            try survey.read(wholeFile: !demuxer.isStill && !claim.isCredible)
            if claim.isShort, !source.isDistant, let stream = video?.stream,
                let again = try? open(source, name: name, limits: limits, depth: .headers, cancellation: cancellation)
            {
                try claim.measure(stream, in: again)
            }
        } catch {
            throw .cancelled
        }
        if survey.pictures == 0, demuxer.isOverdrawn { throw .probeTooLong(name, limit: limits.probeBytes) }
        let info = info(demuxer, survey, claim, video: video?.stream, audio: audio?.stream, bytes: source.size)
        if let shown = info.video?.displaySize { try check(shown.width, shown.height, name, limits) }
        // A run opens such a file no further than its headers, just as it is open now.
        let isOpenAsForRun = demuxer.isListed && claim.isCredible
        return (info, isOpenAsForRun ? survey.beginning(of: source) : nil)
    }

    /// Opens a container, with this room's errors.
    static func open(
        _ source: any ByteSource, name: String, limits: Limits, depth: Demuxer.Depth, cancellation: CancellationFlag
    ) throws(RunError) -> Demuxer {
        do throws(OpenError) {
            return try Demuxer(source, allowing: limits.opening, depth: depth, cancellation: cancellation)
        } catch {
            guard !cancellation.isCancelled else { throw .cancelled }
            switch error {
            case .unreadable(let error) where error.isOutOfMemory: throw .tooMuchMemory(limit: limits.memory)
            case .unreadable(let error):
                if let format = FileSignature.name(of: source, cancellation: cancellation) {
                    throw .unsupportedFormat(name, format: format)
                }
                throw .notMedia(name, error)
            case .source(let error): throw RunError(error)
            case .tooManyStreams: throw .tooManyStreams(name, limit: limits.streams)
            case .tooMuchToRead: throw .probeTooLong(name, limit: limits.probeBytes)
            }
        }
    }

    private static func check(_ width: Int, _ height: Int, _ name: String, _ limits: Limits) throws(RunError) {
        let (area, overflow) = width.multipliedReportingOverflow(by: height)
        if overflow || area > limits.pictureArea {
            throw .pictureTooLarge(name, PictureSize(width: width, height: height), limit: limits.pictureArea)
        }
    }

    // MARK: The streams that people mean

    /// A picture that may be the one to show.
    private typealias Picture = (stream: StreamDescription, facts: StreamDescription.Video)

    private static func pictures(_ streams: [StreamDescription]) -> [Picture] {
        streams.compactMap { stream in
            guard case .video(let facts) = stream.content, !facts.isAttachedPicture, !stream.isAuxiliary else {
                return nil
            }
            return (stream, facts)
        }
    }

    /// The real picture: one that can be decoded and moves, the default, the largest, the first. A still or a sparse companion,
    /// as motion photos have one, is left aside however large it is.
    ///
    /// - Parameter frames: how many frames each stream has, as far as that is known.
    private static func videoStream(_ pictures: [Picture], frames: [Int: Int]) -> Picture? {
        let most = pictures.compactMap { frames[$0.stream.index] }.max() ?? 0
        func moves(_ picture: Picture) -> Bool {
            guard let count = frames[picture.stream.index] else { return true }
            return count >= fewestMoving && count >= most / sparseness
        }
        func rank(_ it: Picture) -> [Int] {
            [
                it.stream.isDecodable ? 1 : 0, moves(it) ? 1 : 0, it.stream.isDefault ? 1 : 0,
                it.facts.width.multipliedReportingOverflow(by: it.facts.height).partialValue, -it.stream.index,
            ]
        }
        return pictures.max { rank($0).lexicographicallyPrecedes(rank($1)) }
    }

    /// Fewer frames than these are stills.
    private static let fewestMoving = 3
    /// A stream with this many times fewer frames than another is its companion.
    private static let sparseness = 8

    /// How many frames each picture has: as the container says, or else as many as are among the file's first packets.
    ///
    /// - Returns: nil where they need not be counted.
    private static func count(_ pictures: [Picture], in demuxer: Demuxer) throws(RunError) -> [Int: Int]? {
        guard pictures.count > 1, !pictures.allSatisfy({ $0.stream.frameCount != nil }) else { return nil }
        demuxer.select(Set(pictures.map(\.stream.index)))
        var frames: [Int: Int] = Dictionary(uniqueKeysWithValues: pictures.map { ($0.stream.index, 0) })
        for _ in 0..<mostCounted {
            do throws(AVError) {
                guard let packet = try demuxer.next() else { break }
                frames[packet.stream, default: 0] += 1
            } catch {
                if error.isCancelled { throw .cancelled }
                break
            }
        }
        return frames
    }

    /// Packets that are counted to tell which picture moves.
    private static let mostCounted = 2000

    /// The audio stream that people mean: one that can be decoded, marked as default, the first.
    private static func audioStream(
        _ streams: [StreamDescription]
    ) -> (stream: StreamDescription, facts: StreamDescription.Audio)? {
        streams.compactMap { stream in
            guard case .audio(let facts) = stream.content, stream.isDecodable else { return nil }
            return (stream, facts)
        }.max {
            ($0.stream.isDefault ? 1 : 0, -$0.stream.index) < ($1.stream.isDefault ? 1 : 0, -$1.stream.index)
        }
    }

    // MARK: What is known in the end

    /// The moment of the file's own clock that is time 0: where the picture begins, or well before it the sound.
    ///
    /// A picture that begins a little after the sound does so for its encoder's sake, and need not wait; what sounds
    /// before it is cut off. A picture that is meant to come later is led in by its first frame.
    private static func origin(_ survey: Survey, video: StreamDescription?, audio: StreamDescription?) -> Int64 {
        let picture = video.flatMap { survey.starts[$0.index] ?? $0.start }
        let sound = survey.soundStart ?? audio?.start
        guard let picture, let sound else { return picture ?? sound ?? 0 }
        return picture &- sound > 100_000 ? sound : picture
    }

    private static func info(
        _ demuxer: Demuxer, _ survey: Survey, _ claim: Claim, video: StreamDescription?, audio: StreamDescription?,
        bytes: Int64?
    ) -> MediaInfo {
        // A sound of which nothing can be decoded is no sound.
        let audio = survey.sound == nil ? nil : audio
        let chosen = [video, audio].compactMap(\.self)
        let origin = origin(survey, video: video, audio: audio)

        let times = claim.times ?? video.flatMap { survey.times[$0.index] } ?? []
        let cadence = video.flatMap { Cadence(times: times, timeBase: $0.timeBase) }
        func end(_ stream: StreamDescription) -> Seconds? {
            let step = stream.index == video?.index ? cadence?.step : nil
            let end = claim.isCredible ? claim.end(of: stream) : survey.end(of: stream.index, step: step)
            return end.flatMap { Seconds(plausible: $0 &- origin) }
        }
        var info = MediaInfo(
            container: demuxer.format, bytes: bytes, start: Seconds(plausible: origin) ?? .zero, duration: nil,
            isDurationMeasured: !demuxer.isStill && !claim.isCredible, claimedDuration: nil,
            hiddenFrames: claim.hiddenFrames, video: nil, audio: nil,
            ignored: demuxer.streams.filter { stream in !chosen.contains { $0.index == stream.index } }.map(\.words))
        if let video, let facts = survey.picture {
            var picture = MediaInfo.Video(
                video, facts, cadence, isListed: claim.times != nil, frames: times.count, pictures: survey.pictures)
            if claim.times != nil {
                picture.keyFrames = demuxer.keyTimes(of: video.index).map { Seconds(microseconds: $0) - info.start }
            }
            picture.duration = demuxer.isStill ? nil : end(video).map { max($0, picture.frameDuration) }
            info.video = picture
        }
        if let audio, let facts = survey.sound {
            info.audio = MediaInfo.Audio(
                stream: audio.index, codec: audio.codec, sampleRate: facts.sampleRate, channels: facts.channels,
                channelLayout: facts.channelLayout, duration: end(audio))
        }
        guard !demuxer.isStill else { return info }
        info.duration = [info.video?.duration, info.audio?.duration].compactMap(\.self).max()
        if let said = claim.duration, let found = info.duration, info.isDurationMeasured,
            (said - found).value.magnitude > max(0.5, found.value / 100)
        {
            info.claimedDuration = said
        }
        return info
    }
}

extension StreamDescription {
    fileprivate var words: String {
        switch content {
        case .video(let facts):
            "\(facts.isAttachedPicture ? "cover art" : isAuxiliary ? "auxiliary picture" : "video") (\(codec))"
        case .audio: "audio (\(codec))"
        case .other(let kind): "\(kind) (\(codec))"
        }
    }
}

extension MediaInfo.Video {
    fileprivate init(
        _ stream: StreamDescription, _ facts: StreamDescription.Video, _ cadence: Cadence?, isListed: Bool,
        frames: Int, pictures: Int
    ) {
        let format = facts.pixelFormat ?? "unknown"
        let (rate, isVariable, basis) = Self.rate(facts, cadence, isListed: isListed, frames: frames)
        self.init(
            stream: stream.index, codec: stream.codec,
            codedSize: PictureSize(width: facts.width, height: facts.height),
            sampleAspect: Self.plausible(facts.sampleAspect), orientation: facts.orientation,
            frameRate: rate, isVariableFrameRate: isVariable, frameRateBasis: basis, pixelFormat: format,
            bitDepth: facts.bitDepth,
            colour: ColourDescription(
                matrix: facts.colourSpace, transfer: facts.colourTransfer, primaries: facts.colourPrimaries,
                isFullRange: facts.colourRange == "pc" || format.hasPrefix("yuvj"), lightLevel: facts.lightLevel),
            isInterlaced: facts.isInterlaced, hasAlpha: facts.hasAlpha, isSupported: stream.isDecodable,
            isDecodable: pictures > 0, isReordered: facts.isReordered, keyFrames: [])
    }

    /// The frame rate, whether it is variable, and where it comes from.
    ///
    /// - Parameters:
    ///   - isListed: whether the container lists all frames, and so knows its average.
    ///   - frames: how many frames have a known time.
    private static func rate(
        _ facts: StreamDescription.Video, _ cadence: Cadence?, isListed: Bool, frames: Int
    ) -> (Rational, isVariable: Bool, MediaInfo.FrameRateBasis) {
        let said = Rational(facts.averageFrameRate)
        let base = Rational(facts.baseFrameRate)
        // The container's number is the exact one (30000/1001); a clock's rate is none.
        let isSaid = said.isPositive && said <= fastest
        // A tenth of a percent of difference is rounding of the container's clock.
        let isVariable =
            cadence?.isVariable ?? (isSaid && !isListed && (base.value / said.value - 1).magnitude > 0.001)
        var (rate, basis) = (said, MediaInfo.FrameRateBasis.container(frames: frames))
        if let cadence, !isSaid || (isVariable && !isListed) {
            (rate, basis) = (cadence.averageRate, .times(frames: frames))
        } else if !isSaid {
            rate = base
        }
        if !rate.isPositive { (rate, basis) = (25, .assumed) }
        return (rate, isVariable || (rate > fastestOfFew && frames < few), basis)
    }

    /// Faster than any camera's: high-speed clips are played at less.
    private static let fastest: Rational = 480
    /// A rate above which a few frames prove nothing.
    private static let fastestOfFew: Rational = 240
    private static let few = 10

    /// How long one frame is shown at the average rate.
    fileprivate var frameDuration: Seconds { Seconds(frameRate.inverse.value) }

    /// The shape of a pixel; square where the file does not say, says what no picture is, or is within 1 % of square:
    /// encoders of odd sizes round to 1281:1280, and to resample for that would blur the picture.
    private static func plausible(_ aspect: Fraction) -> Rational {
        guard aspect.isPositive else { return 1 }
        let ratio = Rational(aspect)
        guard ratio > Rational(1, 8), ratio < 8 else { return 1 }
        return (ratio.value - 1).magnitude <= 0.01 ? 1 : ratio
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
