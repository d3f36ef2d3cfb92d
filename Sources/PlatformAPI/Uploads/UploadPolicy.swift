import GraphDSL
import MediaChannel
public import Storage

/// Which files are taken.
public struct UploadPolicy: Sendable {
    /// Of these media types.
    public var types: Set<MediaType> = [.mp4, .m4v, .quickTime, .threeGP]
    /// At most so many bytes.
    public var bytes: Int64 = 100_000_000
    /// So long, in seconds.
    public var duration: ClosedRange<Double> = 20...60
    /// The shorter side of the picture, in pixels, at the least.
    public var side = 1080

    public init() {}

    /// The media types, for people.
    var typeNames: String { types.map(\.rawValue).sorted().joined(separator: ", ") }

    /// What is wrong with a file, in words, by what it is about: nothing where it is taken.
    func refusals(_ file: ProbeFacts) -> [String: String] {
        var refusals: [String: String] = [:]
        // MP4, QuickTime and their relatives are one demuxer of libavformat's.
        if !file.container.split(separator: ",").contains("mp4") { refusals["container"] = "is not MP4 or QuickTime" }
        guard let size = file.size, let length = file.seconds else {
            refusals["video"] = "is missing"
            return refusals
        }
        // A frame more or less is nobody's fault.
        let tolerance = 0.1
        if length < duration.lowerBound - tolerance || length > duration.upperBound + tolerance {
            let seconds = (length * 10).rounded() / 10
            refusals["duration"] =
                "is \(seconds) s; from \(Int(duration.lowerBound)) to \(Int(duration.upperBound)) s are taken"
        }
        if min(size.width, size.height) < side {
            refusals["size"] = "is \(size.width)x\(size.height); the shorter side must have \(side) pixels"
        }
        return refusals
    }
}
