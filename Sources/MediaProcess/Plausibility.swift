import GraphDSL
import MediaChannel
import Runner

// A compromised media process controls its replies. The parent checks every value that it computes with, stores or logs.

extension Result where Success == MediaSession.Answer, Failure == RunError {
    /// True if all values are within ``Bounds``.
    func isPlausible(_ limits: Limits) -> Bool {
        switch self.map(\.reply) {
        case .failure(let error): error.isPlausible
        case .success(.probed(let facts)):
            facts.container.isPlain && facts.container.utf8.count <= Bounds.word && (facts.seconds ?? 0).isPlausible
                && facts.size?.isPlausible != false
        case .success(.made(let report, let plan, let posterSeconds)):
            report.isPlausible(limits) && posterSeconds.value.isPlausible && plan.seconds.value.isPlausible
                && plan.size.isPlausible
        case .success: true
        }
    }
}

private enum Bounds {
    /// Maximum length of a name, in bytes.
    static let word = 1000
    /// Maximum length of a text, in bytes: a filter graph has some thousand.
    static let text = 100_000
    /// Maximum number of entries of a list.
    static let entries = 1000
    /// Maximum number of mechanisms that restrict a process.
    static let mechanisms = 10
    /// Maximum of a number: 30 years in seconds.
    static let number = 1e9
    /// Maximum width or height of a picture, in pixels.
    static let side = 1 << 16
}

extension Double {
    fileprivate var isPlausible: Bool { (0...Bounds.number).contains(self) }
}

extension String {
    /// True without control characters and bidirectional controls.
    fileprivate var isPlain: Bool {
        !unicodeScalars.contains { scalar in
            scalar.properties.generalCategory == .control || ("\u{202A}"..."\u{202E}").contains(scalar)
                || ("\u{2066}"..."\u{2069}").contains(scalar)
        }
    }
}

extension Restrictions {
    /// True if all values are within ``Bounds``.
    var isPlausible: Bool {
        missing.count <= Bounds.mechanisms
            && missing.allSatisfy {
                $0.utf8.count <= Bounds.word && $1.utf8.count <= Bounds.word && $0.isPlain && $1.isPlain
            }
    }
}

extension PictureSize {
    fileprivate var isPlausible: Bool { (1...Bounds.side).contains(width) && (1...Bounds.side).contains(height) }
}

extension RunError {
    fileprivate var isPlausible: Bool {
        // Its description converts the shares to percent.
        if case .damaged(_, let share, let limit) = self, !(0...1).contains(share) || !(0...1).contains(limit) {
            return false
        }
        return description.utf8.count <= Bounds.word * 4 && description.isPlain
    }
}

extension RunProgress {
    /// True if all values are within ``Bounds``.
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
            && texts.count <= Bounds.entries && texts.allSatisfy { $0.utf8.count <= Bounds.word && $0.isPlain }
            && filterGraph.utf8.count <= Bounds.text
    }
}
