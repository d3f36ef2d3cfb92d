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
        try check(source, name: name, limits: limits, cancellation: cancellation)
        return try begin(source, name: name, limits: limits, cancellation: cancellation).info
    }

    /// Holds what a file claims to have against its bytes, before libav allocates for it.
    ///
    /// - Throws: ``RunError/implausible(_:)``, ``RunError/tooManyFrames(_:limit:)``.
    static func check(
        _ source: any ByteSource, name: String, limits: Limits, cancellation: CancellationFlag
    ) throws(RunError) {
        do throws(SampleClaims.Problem) {
            try SampleClaims.check(source, limit: limits.samples, cancellation: cancellation)
        } catch {
            switch error {
            case .impossible: throw .implausible(name)
            case .tooMany: throw .tooManyFrames(name, limit: limits.samples)
            }
        }
    }

    /// Probes a source of bytes, which was checked, for a run that goes on where the probe stops.
    ///
    /// - Returns: what it is; and what a run goes on from, nil where it must begin anew.
    static func begin(
        _ source: any ByteSource, name: String, limits: Limits, cancellation: CancellationFlag
    ) throws(RunError) -> (info: MediaInfo, beginning: Beginning?) {
        var demuxer = try open(source, name: name, limits: limits, depth: .lists, cancellation: cancellation)
        var choice = VideoChoice(demuxer.streams)
        if choice.needsCounting {
            try choice.count(in: demuxer)
            demuxer = try open(source, name: name, limits: limits, depth: .lists, cancellation: cancellation)
        }
        let video = choice.best
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
        let estimate = FrameRateEstimate(facts, cadence, isListed: isListed, frames: frames)
        self.init(
            stream: stream.index, codec: stream.codec,
            codedSize: PictureSize(width: facts.width, height: facts.height),
            sampleAspect: Self.plausible(facts.sampleAspect), orientation: facts.orientation,
            frameRate: estimate.rate, isVariableFrameRate: estimate.isVariable, frameRateBasis: estimate.basis,
            pixelFormat: format,
            bitDepth: facts.bitDepth,
            colour: ColourDescription(
                matrix: facts.colourSpace, transfer: facts.colourTransfer, primaries: facts.colourPrimaries,
                isFullRange: facts.colourRange == "pc" || format.hasPrefix("yuvj"), lightLevel: facts.lightLevel),
            isInterlaced: facts.isInterlaced, hasAlpha: facts.hasAlpha, isSupported: stream.isDecodable,
            isDecodable: pictures > 0, isReordered: facts.isReordered, keyFrames: [])
    }

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
