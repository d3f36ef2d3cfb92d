/// How far a video is.
public struct VideoState: Hashable, Sendable {
    public var id: VideoID
    public var status: Video.Status
    /// How far the job under way is, from 0 to 1; nil where none is.
    public var progress: Double?
    public var failure: Video.Failure?

    package init(id: VideoID, status: Video.Status, progress: Double? = nil, failure: Video.Failure? = nil) {
        self.id = id
        self.status = status
        self.progress = progress
        self.failure = failure
    }

    init(_ row: Row) throws(DatabaseError) {
        guard let status = Video.Status(rawValue: try row["status"]) else {
            throw .undecodable(column: "status", reason: "is no status of a video")
        }
        self.status = status
        id = try row["id"]
        progress = try row["progress"]
        failure = try Video.Failure(row)
    }

    /// Whether nothing more becomes of it by itself.
    public var isFinal: Bool { progress == nil && (status == .processed || status == .failed) }
}
