import LibAV

/// Chooses the video stream of a file that may have several pictures.
///
/// The best can be decoded and moves; then the default counts, the size, the order. Cover art and auxiliary pictures are no
/// candidates. A still or a sparse companion, as motion photos have one, is left aside however large it is.
struct VideoChoice {
    /// A picture that may be the one to show.
    typealias Candidate = (stream: StreamDescription, facts: StreamDescription.Video)

    private let candidates: [Candidate]
    /// How many frames each stream has; unknown streams are missing.
    private var frames: [Int: Int] = [:]

    /// Fewer frames than these are stills.
    private static let fewestMoving = 3
    /// A stream with this many times fewer frames than another is its companion.
    private static let sparseness = 8
    /// Packets that are counted to tell which picture moves.
    private static let mostCounted = 2000

    init(_ streams: [StreamDescription]) {
        candidates = streams.compactMap { stream in
            guard case .video(let facts) = stream.content, !facts.isAttachedPicture, !stream.isAuxiliary else {
                return nil
            }
            return (stream, facts)
        }
        for candidate in candidates { frames[candidate.stream.index] = candidate.stream.frameCount }
    }

    /// True if there are several candidates and the container does not say how many frames each has.
    var needsCounting: Bool { candidates.count > 1 && frames.count < candidates.count }

    /// Counts the frames among the file's first packets. The demuxer is of no use afterwards.
    ///
    /// - Throws: ``RunError``, for a cancellation and where the source cannot be read.
    mutating func count(in demuxer: Demuxer) throws(RunError) {
        demuxer.select(Set(candidates.map(\.stream.index)))
        var counts: [Int: Int] = [:]
        var hasEnded = false
        for _ in 0..<Self.mostCounted {
            do throws(AVError) {
                guard let packet = try demuxer.next() else {
                    hasEnded = true
                    break
                }
                counts[packet.stream, default: 0] += 1
            } catch {
                if error.isCancelled { throw .cancelled }
                if let failure = demuxer.sourceFailure { throw RunError(failure) }
                hasEnded = true
                break
            }
        }
        // A stream that has not begun yet stays unknown.
        frames = hasEnded ? counts.merging(candidates.map { ($0.stream.index, 0) }) { counted, _ in counted } : counts
    }

    /// The video stream; nil where there is none.
    var best: Candidate? {
        let most = frames.values.max() ?? 0
        func moves(_ candidate: Candidate) -> Bool {
            guard let count = frames[candidate.stream.index] else { return true }
            return count >= Self.fewestMoving && count >= most / Self.sparseness
        }
        func rank(_ it: Candidate) -> [Int] {
            [
                it.stream.isDecodable ? 1 : 0, moves(it) ? 1 : 0, it.stream.isDefault ? 1 : 0,
                it.facts.width.multipliedReportingOverflow(by: it.facts.height).partialValue, -it.stream.index,
            ]
        }
        return candidates.max { rank($0).lexicographicallyPrecedes(rank($1)) }
    }
}
