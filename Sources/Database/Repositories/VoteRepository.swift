public import struct FoundationEssentials.Date

/// Who voted for what.
public struct VoteRepository: Sendable {
    private let pool: ConnectionPool

    public init(_ pool: ConnectionPool) { self.pool = pool }

    /// What became of a vote.
    public enum Outcome: Hashable, Sendable {
        /// It counts: when it was given, and how many the video has now.
        case counted(at: Date, votes: Int)
        /// It was there already.
        case already
        /// The video is not there, or not for everybody.
        case noVideo
    }

    /// Votes for a public video, once.
    public func vote(_ user: UserID, for video: VideoID) async throws -> Outcome {
        // The video is held first, so that it stays public until the vote is counted, and its count is the newest.
        let row = try await pool.query(
            Statement(
                """
                WITH video AS (
                    SELECT id, vote_count FROM videos
                    WHERE id = $2 AND is_public AND status = 'processed' AND deleted_at IS NULL FOR UPDATE
                ), vote AS (
                    INSERT INTO votes (user_id, video_id) SELECT $1, id FROM video ON CONFLICT DO NOTHING
                    RETURNING voted_at
                )
                SELECT (SELECT vote_count FROM video) + 1 AS votes, (SELECT voted_at FROM vote) AS voted_at
                """, user, video))[0]
        guard let votes: Int = try row["votes"] else { return .noVideo }
        guard let date: Date = try row["voted_at"] else { return .already }
        return .counted(at: date, votes: votes)
    }

    /// Takes a vote back.
    ///
    /// - Returns: how many the video has now; nil where there was none.
    public func takeBack(_ user: UserID, from video: VideoID) async throws -> Int? {
        try await pool.query(
            Statement(
                """
                WITH video AS (SELECT id, vote_count FROM videos WHERE id = $2 FOR UPDATE), vote AS (
                    DELETE FROM votes USING video WHERE votes.user_id = $1 AND votes.video_id = video.id
                    RETURNING votes.video_id
                )
                SELECT vote_count - 1 AS votes FROM video JOIN vote ON vote.video_id = video.id
                """, user, video)
        ).first.map { row throws(DatabaseError) in try row["votes"] }
    }
}
