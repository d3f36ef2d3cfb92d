/// The most of something that one person may have or do.
public struct Quota: Hashable, Sendable {
    /// Videos that are not deleted.
    public var videos: Int
    /// Uploads that are begun and not completed.
    public var openUploads: Int
    /// Bytes that are begun to be uploaded within 24 hours, deleted videos included.
    public var bytesPerDay: Int
    /// Videos that are made again within an hour.
    public var repeatsPerHour: Int

    public init(videos: Int, openUploads: Int, bytesPerDay: Int, repeatsPerHour: Int) {
        self.videos = videos
        self.openUploads = openUploads
        self.bytesPerDay = bytesPerDay
        self.repeatsPerHour = repeatsPerHour
    }

    /// No bound.
    public static let none = Quota(
        videos: .max, openUploads: .max, bytesPerDay: .max, repeatsPerHour: .max)

    /// Which bound was met.
    public enum Exceeded: Error, Hashable, Sendable {
        case videos(Int)
        case openUploads(Int)
        case bytesPerDay(Int, secondsLeft: Int)
        case repeatsPerHour(Int, secondsLeft: Int)
    }
}
