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
        try await pool.transaction { connection in
            // Held until the end, so that it stays public as long as the vote is not counted.
            let videos = try await connection.query(
                Statement(
                    """
                    SELECT id FROM videos
                    WHERE id = $1 AND is_public AND status = 'processed' AND deleted_at IS NULL FOR UPDATE
                    """, video))
            guard !videos.isEmpty else { return .noVideo }
            let votes = try await connection.query(
                Statement(
                    """
                    INSERT INTO votes (user_id, video_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING voted_at
                    """, user, video))
            guard let vote = votes.first else { return .already }
            return .counted(at: try vote["voted_at"], votes: try await Self.count(video, connection))
        }
    }

    /// Takes a vote back.
    ///
    /// - Returns: how many the video has now; nil where there was none.
    public func takeBack(_ user: UserID, from video: VideoID) async throws -> Int? {
        try await pool.transaction { connection in
            let votes = try await connection.query(
                Statement("DELETE FROM votes WHERE user_id = $1 AND video_id = $2", user, video))
            return votes.touched == 0 ? nil : try await Self.count(video, connection)
        }
    }

    private static func count(_ video: VideoID, _ connection: Connection) async throws -> Int {
        try await connection.query(Statement("SELECT vote_count FROM videos WHERE id = $1", video))[0]["vote_count"]
    }
}
