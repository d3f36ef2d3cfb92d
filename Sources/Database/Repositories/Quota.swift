/// Limits per account.
public struct Quota: Hashable, Sendable {
    /// Maximum number of videos, without deleted ones.
    public var videos: Int
    /// Maximum number of incomplete uploads.
    public var openUploads: Int
    /// Maximum bytes of uploads begun within 24 hours, deleted videos included.
    public var bytesPerDay: Int
    /// Maximum number of reprocess requests within an hour.
    public var repeatsPerHour: Int

    public init(videos: Int, openUploads: Int, bytesPerDay: Int, repeatsPerHour: Int) {
        self.videos = videos
        self.openUploads = openUploads
        self.bytesPerDay = bytesPerDay
        self.repeatsPerHour = repeatsPerHour
    }

    /// No limit.
    public static let none = Quota(
        videos: .max, openUploads: .max, bytesPerDay: .max, repeatsPerHour: .max)

    /// The limit that was reached.
    public enum Exceeded: Error, Hashable, Sendable {
        case videos(Int)
        case openUploads(Int)
        /// `secondsLeft`: seconds until the oldest counted upload leaves the 24 hours.
        case bytesPerDay(Int, secondsLeft: Int)
        /// `secondsLeft`: seconds until the oldest counted request leaves the hour.
        case repeatsPerHour(Int, secondsLeft: Int)
    }
}
