import GraphDSL
import MediaChannel
import Runner

// A media process that was taken over says what it likes. What its parent computes with, stores and logs is held within bounds, so that no
// answer can end the parent.

extension Result where Success == MediaReply, Failure == RunError {
    /// True if the parent can work with the answer.
    func isPlausible(_ limits: Limits) -> Bool {
        switch self {
        case .failure(let error): error.isPlausible
        case .success(.probed(let facts)):
            facts.container.utf8.count <= Bounds.word && (facts.seconds ?? 0).isPlausible
                && facts.size?.isPlausible != false
        case .success(.made(let report, let plan, let poster)):
            report.isPlausible(limits) && plan.seconds.value.isPlausible && plan.size.isPlausible
                && (poster?.count ?? 0) <= Bounds.poster
        case .success: true
        }
    }
}

private enum Bounds {
    /// The longest of a name, in bytes.
    static let word = 1000
    /// The longest text: a filter graph has some thousand bytes.
    static let text = 100_000
    /// The most entries of a list.
    static let entries = 1000
    /// The largest number: seconds of 30 years.
    static let number = 1e9
    /// The largest side of a picture, in pixels.
    static let side = 1 << 16
    /// The largest poster, in bytes.
    static let poster = 8 << 20
}

extension Double {
    fileprivate var isPlausible: Bool { (0...Bounds.number).contains(self) }
}

extension PictureSize {
    fileprivate var isPlausible: Bool { (1...Bounds.side).contains(width) && (1...Bounds.side).contains(height) }
}

extension RunError {
    fileprivate var isPlausible: Bool {
        // Its words turn the shares into percent.
        if case .damaged(_, let share, let limit) = self, !(0...1).contains(share) || !(0...1).contains(limit) {
            return false
        }
        return description.utf8.count <= Bounds.word * 4
    }
}

extension RunProgress {
    /// True if a parent can compute with it.
    func isPlausible(_ limits: Limits) -> Bool {
        (0...limits.frames).contains(frames) && (0...limits.frames).contains(totalFrames ?? 0)
            && (0...1).contains(fraction ?? 0) && speed.isPlausible && elapsed.isPlausible
            && (remaining ?? 0).isPlausible
    }
}

extension RunReport {
    fileprivate func isPlausible(_ limits: Limits) -> Bool {
        let texts = normalisations + warnings + inputs + Array(workSeconds.keys) + Array(bytesRead.keys)
        return (0...limits.frames).contains(frames) && duration.value.isPlausible && wallSeconds.isPlausible
            && processorSeconds.isPlausible && (firstFrameSeconds ?? 0).isPlausible
            && workSeconds.values.allSatisfy(\.isPlausible) && (0...limits.outputBytes).contains(bytesWritten)
            && bytesRead.values.allSatisfy { (0...(1 << 50)).contains($0) } && segments.count <= Bounds.entries
            && texts.count <= Bounds.entries && texts.allSatisfy { $0.utf8.count <= Bounds.word }
            && filterGraph.utf8.count <= Bounds.text
    }
}
