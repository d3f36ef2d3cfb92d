/// Limits of one person.
public struct Quota: Hashable, Sendable {
    /// The most videos, deleted ones left out.
    public var videos: Int
    /// The most uploads that are begun and not completed.
    public var openUploads: Int
    /// The most bytes of uploads begun within 24 hours, deleted videos included.
    public var bytesPerDay: Int
    /// The most requests to process a video again within an hour.
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
        case bytesPerDay(Int, secondsLeft: Int)
        case repeatsPerHour(Int, secondsLeft: Int)
    }
}
