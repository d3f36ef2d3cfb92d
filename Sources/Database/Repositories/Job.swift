/// A piece of work on a video that somebody has claimed.
public struct Job: Hashable, Sendable {
    public var id: JobID
    public var video: VideoID
    public var pipeline: PinnedPipeline
    /// Which attempt this is, from 1.
    public var attempt: Int
    /// The number of earlier attempts that were charged to the file.
    public var fileFaults: Int
    /// How long it has been due.
    public var waited: Duration
    /// The name of the claim: who has lost it changes nothing any more.
    public var claim: String
    /// The store's key of the upload.
    public var originalKey: String
    /// The store's tag of the upload that was checked; nil for uploads from before tags were kept.
    public var originalTag: String?
    /// What its owner called the file.
    public var fileName: String

    init(_ row: Row) throws(DatabaseError) {
        id = try row["id"]
        video = try row["video_id"]
        pipeline = try PinnedPipeline(row)
        attempt = try row["attempts"]
        fileFaults = try row["file_faults"]
        waited = .seconds(try row["waited"] as Double)
        claim = try row["claim"]
        originalKey = try row["original_key"]
        originalTag = try row["original_tag"]
        fileName = try row["file_name"]
    }
}
