import GraphDSL
import LibAV

extension ShortIndexSource {
    /// What is read beyond what is needed, in seconds: packets are read ahead, and sound lies apart from the picture.
    private static let margin: Int64 = 5

    /// Reads what is needed of a clip's index up to a moment.
    ///
    /// - Returns: nil where the clip is near, or is to be read as it is.
    convenience init?(
        _ source: any ByteSource, until end: Seconds, cancellation: CancellationFlag
    ) throws(ByteSourceError) {
        guard source.isDistant, end < Self.longest else { return nil }
        try self.init(
            source, seconds: Int64(end.value.rounded(.up)) + Self.margin, cancellation: cancellation)
    }

    /// The moment up to which it can be read.
    var end: Seconds { Seconds(Double(seconds - Self.margin)) }

    private static let longest = Seconds(86_400)
}
