/// Why a container cannot be opened.
public enum OpenError: Error, Hashable, Sendable {
    /// libav cannot read it.
    case unreadable(AVError)
    /// Its bytes cannot be had.
    case source(ByteSourceError)
    /// It has more streams than are allowed.
    case tooManyStreams
    /// It does not say what it is within the bytes that are allowed for that.
    case tooMuchToRead
}
