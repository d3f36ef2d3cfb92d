import GraphDSL
import LibAV

extension Binder {
    /// What makes the output where no stage changes a pixel and the clip's packets can be passed on as they are: its graph
    /// has the sound only.
    func copying(_ graph: FilterGraph) throws(RunError) -> (graph: FilterGraph, picture: Plan.CopiedPicture)? {
        let output = manifest.output
        guard output.video.alwaysEncodes != true, let video = upload.video, upload.hiddenFrames == 0,
            let unchanged = UnchangedPicture(in: graph, frameRate: output.frameRate, pixelFormat: video.pixelFormat),
            video.canBeCopied(into: output), video.hasKeyFrame(unchanged.first, at: output.frameRate),
            unchanged.end.map({ video.canEnd(before: $0, at: output.frameRate) }) ?? true
        else { return nil }
        return (
            unchanged.graph,
            Plan.CopiedPicture(
                stream: video.stream, first: unchanged.first, end: unchanged.end, isReordered: video.isReordered)
        )
    }
}

extension Plan.CopiedPicture {
    /// What is passed on, in words.
    var words: String {
        "no pixel changes: the clip's packets are passed on as they are, "
            + (end.map { "frames \(first) to \($0 - 1)" } ?? "from frame \(first) on")
    }
}

extension MediaInfo.Video {
    /// Whether its packets are what an output would have.
    fileprivate func canBeCopied(into output: OutputProfile) -> Bool {
        codec == output.video.codec.rawValue && pixelFormat == "yuv420p" && sampleAspect == 1 && orientation == .upright
            && codedSize == displaySize && !isInterlaced && !hasAlpha && !colour.isFullRange
            && [colour.matrix, colour.transfer, colour.primaries].allSatisfy { $0 == "bt709" }
            && isSteady(output.frameRate)
    }

    /// Whether each frame, to its end, is the one that a constant rate has at its time: at this rate, and no clock's drift
    /// adds up to another half of a frame.
    private func isSteady(_ rate: Rational) -> Bool {
        guard !isVariableFrameRate, let duration else { return false }
        return (duration.value * (frameRate.value - rate.value)).magnitude < 0.25
    }

    fileprivate func hasKeyFrame(_ number: Int, at rate: Rational) -> Bool {
        keyFrames.contains { $0.frames(at: rate) == number }
    }

    /// Whether the packets that are decoded before a frame's are those of the frames that are shown before it.
    fileprivate func canEnd(before number: Int, at rate: Rational) -> Bool {
        !isReordered || hasKeyFrame(number, at: rate) || duration.map { $0.frames(at: rate) <= number } == true
    }
}
