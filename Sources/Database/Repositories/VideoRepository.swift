/// Uploads, and what was made of them.
public struct VideoRepository: Sendable {
    private let pool: ConnectionPool

    public init(_ pool: ConnectionPool) { self.pool = pool }

    // MARK: Uploading

    /// Notes that somebody begins to upload a file.
    ///
    /// - Parameter uploadName: the store's name for an upload in parts.
    public func add(
        by owner: UserID, title: String, isPublic: Bool, _ original: Video.Original, with pipeline: PinnedPipeline,
        inParts uploadName: String? = nil
    ) async throws -> Video {
        let rows = try await pool.query(
            Statement(
                """
                INSERT INTO videos (user_id, title, is_public, original_key, file_name, content_type, size_bytes,
                    pipeline_name, pipeline_version, pipeline_digest, upload_name)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                RETURNING *
                """, owner, title, isPublic, original.key, original.fileName, original.contentType, original.bytes,
                pipeline.name, pipeline.version, pipeline.digest, uploadName))
        return try Video(rows[0])
    }

    /// Notes that a file is there, and writes the job for it: both or none.
    ///
    /// - Parameters:
    ///   - bytes: how large it is.
    ///   - tag: Object tag of the checked file.
    /// - Returns: nil where the video does not wait for a file.
    public func accept(_ id: VideoID, bytes: Int, tag: String? = nil) async throws -> JobID? {
        let rows = try await pool.query(
            Statement(
                """
                WITH accepted AS (
                    UPDATE videos SET status = 'uploaded', uploaded_at = now(), size_bytes = $2, original_tag = $3
                    WHERE id = $1 AND status = 'pending_upload' AND deleted_at IS NULL
                    RETURNING id, pipeline_name, pipeline_version, pipeline_digest
                )
                INSERT INTO jobs (video_id, pipeline_name, pipeline_version, pipeline_digest)
                SELECT id, pipeline_name, pipeline_version, pipeline_digest FROM accepted
                RETURNING id
                """, id, bytes, tag))
        return try rows.first.map { row throws(DatabaseError) in try row["id"] }
    }

    /// Notes that a file is not taken.
    public func refuse(_ id: VideoID, _ failure: Video.Failure) async throws {
        _ = try await pool.query(
            Statement(
                """
                UPDATE videos SET status = 'failed', failure_code = $2, failure_message = $3
                WHERE id = $1 AND status = 'pending_upload'
                """, id, failure.code, failure.message))
    }

    /// Writes a job that makes a video again, with this pipeline; what is there serves until it is done.
    ///
    /// - Returns: nil where the video is not there, was never uploaded, or is being made at the moment.
    public func reprocess(_ id: VideoID, with pipeline: PinnedPipeline) async throws -> JobID? {
        let rows = try await pool.query(
            Statement(
                """
                INSERT INTO jobs (video_id, pipeline_name, pipeline_version, pipeline_digest)
                SELECT id, $2, $3, $4 FROM videos
                WHERE id = $1 AND status IN ('processed', 'failed') AND uploaded_at IS NOT NULL AND deleted_at IS NULL
                ON CONFLICT (video_id) WHERE state IN ('waiting', 'running') DO NOTHING
                RETURNING id
                """, id, pipeline.name, pipeline.version, pipeline.digest))
        return try rows.first.map { row throws(DatabaseError) in try row["id"] }
    }

    /// Writes jobs that make videos again that a version of a pipeline has made, some at a time; who waits for a video of their own goes
    /// before them.
    ///
    /// - Parameters:
    ///   - last: only videos behind this one.
    ///   - limit: how many are looked at, at the most.
    /// - Returns: the last video that was looked at, nil where there was none; and how many jobs were written: videos that are being made
    ///   at the moment have theirs already.
    public func reprocess(
        madeBy made: (name: String, version: Int), with pipeline: PinnedPipeline, after last: VideoID? = nil,
        limit: Int = 1000
    ) async throws -> (last: VideoID?, jobs: Int) {
        let row = try await pool.query(
            Statement(
                """
                WITH made AS (
                    SELECT id FROM videos
                    WHERE pipeline_name = $1 AND pipeline_version = $2 AND status = 'processed' AND deleted_at IS NULL
                        AND id > coalesce($3::bigint, 0)
                    ORDER BY id LIMIT $4
                ), written AS (
                    INSERT INTO jobs (video_id, pipeline_name, pipeline_version, pipeline_digest, is_background)
                    SELECT id, $5, $6, $7, true FROM made
                    ON CONFLICT (video_id) WHERE state IN ('waiting', 'running') DO NOTHING
                    RETURNING id
                )
                SELECT (SELECT max(id) FROM made) AS last, (SELECT count(*) FROM written) AS jobs
                """, made.name, made.version, last, limit, pipeline.name, pipeline.version, pipeline.digest))[0]
        return (try row["last"], try row["jobs"])
    }

    // MARK: Sweeping

    /// Deletes videos whose file never came, some at a time.
    ///
    /// - Parameter age: how long ago they were begun at the least.
    /// - Returns: what of them may lie in the store.
    public func sweepAbandoned(olderThan age: Duration) async throws -> [Abandoned] {
        try await pool.query(
            Statement(
                """
                UPDATE videos SET deleted_at = now()
                WHERE id IN (
                    SELECT id FROM videos WHERE status = 'pending_upload' AND deleted_at IS NULL
                        AND created_at < now() - make_interval(secs => $1)
                    ORDER BY created_at LIMIT 1000 FOR UPDATE SKIP LOCKED
                )
                RETURNING original_key, upload_name, size_bytes
                """, age.seconds)
        ).map { row throws(DatabaseError) in
            Abandoned(key: try row["original_key"], uploadName: try row["upload_name"], bytes: try row["size_bytes"])
        }
    }

    /// An upload that never came.
    public struct Abandoned: Hashable, Sendable {
        public var key: String
        /// The store's name for one in parts.
        public var uploadName: String?
        public var bytes: Int
    }

    /// Which of some keys of the store no video refers to.
    public func orphans(among keys: [String]) async throws -> [String] {
        try await pool.query(
            Statement(
                """
                SELECT key FROM unnest($1::text[]) AS key
                WHERE NOT EXISTS (SELECT FROM videos WHERE original_key = key AND deleted_at IS NULL)
                    AND NOT EXISTS (SELECT FROM videos WHERE processed_key = key AND deleted_at IS NULL)
                    AND NOT EXISTS (SELECT FROM videos WHERE poster_key = key AND deleted_at IS NULL)
                """, keys)
        ).map { row throws(DatabaseError) in try row["key"] }
    }

    // MARK: Looking

    /// A video that is not deleted.
    public func video(_ id: VideoID) async throws -> Video? {
        try await pool.query(Statement("SELECT * FROM videos WHERE id = $1 AND deleted_at IS NULL", id))
            .first.map(Video.init)
    }

    /// How far videos are; those that are not there are left out.
    public func states(of ids: [VideoID]) async throws -> [VideoState] {
        try await pool.query(
            Statement(
                """
                SELECT videos.id, status, videos.failure_code, videos.failure_message, progress
                FROM videos LEFT JOIN jobs ON jobs.video_id = videos.id AND jobs.state IN ('waiting', 'running')
                WHERE videos.id = ANY($1::bigint[]) AND deleted_at IS NULL
                """, ids)
        ).map(VideoState.init)
    }

    /// Somebody's videos, newest first.
    public func videos(of owner: UserID) async throws -> [Video] {
        try await pool.query(
            Statement("SELECT * FROM videos WHERE user_id = $1 AND deleted_at IS NULL ORDER BY id DESC", owner)
        ).map(Video.init)
    }

    /// A video that everybody may see.
    public func publicVideo(_ id: VideoID) async throws -> Video? {
        try await pool.query(
            Statement(
                """
                SELECT * FROM videos
                WHERE id = $1 AND is_public AND status = 'processed' AND deleted_at IS NULL
                """, id)
        ).first.map(Video.init)
    }

    /// What a list of public videos is narrowed down to.
    public struct Filter: Hashable, Sendable {
        /// Its player's city, in whatever case.
        public var city: String?
        /// What the title contains, in whatever case.
        public var title: String?

        public init(city: String? = nil, title: String? = nil) {
            self.city = city
            self.title = title
        }

        /// The title as a pattern, in which nothing stands for anything but itself.
        var pattern: String? {
            title.map { title in
                "%" + title.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_") + "%"
            }
        }
    }

    /// How a list of public videos is sorted.
    public enum Order: String, Hashable, Sendable, CaseIterable {
        /// Newest first.
        case recent
        /// Most votes first.
        case votes
    }

    /// A page of what everybody may see.
    public func publicVideos(
        _ page: PageRequest, _ order: Order = .recent, _ filter: Filter = Filter()
    ) async throws -> [PublicVideo] {
        try await pool.query(Self.list(order, page, filter)).map(PublicVideo.init)
    }

    /// How much there is that everybody may see.
    public func publicVideoCount(_ filter: Filter = Filter()) async throws -> Int {
        try await pool.query(Self.count(filter))[0]["total"]
    }

    static func count(_ filter: Filter) -> Statement {
        Statement(
            """
            SELECT count(*) AS total FROM videos
            WHERE is_public AND status = 'processed' AND deleted_at IS NULL
                AND ($1::text IS NULL OR title ILIKE $1)
                AND ($2::text IS NULL OR user_id IN (SELECT id FROM users WHERE lower(city) = lower($2)))
            """, filter.pattern, filter.city)
    }

    // Rows and players are looked up for the page alone, not for all those before it.
    static func list(_ order: Order, _ page: PageRequest, _ filter: Filter) -> Statement {
        switch order {
        case .recent:
            Statement(
                """
                SELECT videos.*, users.first_name, users.last_name, users.city FROM (
                    SELECT id FROM videos
                    WHERE is_public AND status = 'processed' AND deleted_at IS NULL
                        AND ($3::text IS NULL OR title ILIKE $3)
                        AND ($4::text IS NULL OR user_id IN (SELECT id FROM users WHERE lower(city) = lower($4)))
                    ORDER BY id DESC LIMIT $1 OFFSET $2
                ) AS page JOIN videos ON videos.id = page.id JOIN users ON users.id = videos.user_id
                ORDER BY videos.id DESC
                """, page.size, page.offset, filter.pattern, filter.city)
        case .votes:
            Statement(
                """
                SELECT videos.*, users.first_name, users.last_name, users.city FROM (
                    SELECT id FROM videos
                    WHERE is_public AND status = 'processed' AND deleted_at IS NULL
                        AND ($3::text IS NULL OR title ILIKE $3)
                        AND ($4::text IS NULL OR user_id IN (SELECT id FROM users WHERE lower(city) = lower($4)))
                    ORDER BY vote_count DESC, id DESC LIMIT $1 OFFSET $2
                ) AS page JOIN videos ON videos.id = page.id JOIN users ON users.id = videos.user_id
                ORDER BY videos.vote_count DESC, videos.id DESC
                """, page.size, page.offset, filter.pattern, filter.city)
        }
    }

    // MARK: Changing

    /// Changes what its owner may change; nil leaves a thing as it is.
    public func change(_ id: VideoID, title: String?, isPublic: Bool?) async throws -> Video? {
        try await pool.query(
            Statement(
                """
                UPDATE videos SET title = coalesce($2, title), is_public = coalesce($3, is_public)
                WHERE id = $1 AND deleted_at IS NULL
                RETURNING *
                """, id, title, isPublic)
        ).first.map(Video.init)
    }

    /// Deletes a video that is not public, and whatever was to be done with it.
    ///
    /// - Returns: the store's keys that nothing refers to any more; nil where it is not there, or public.
    public func delete(_ id: VideoID) async throws -> [String]? {
        let rows = try await pool.query(
            Statement(
                """
                WITH deleted AS (
                    UPDATE videos SET deleted_at = now() WHERE id = $1 AND NOT is_public AND deleted_at IS NULL
                    RETURNING id, original_key, processed_key, poster_key
                ), stopped AS (
                    UPDATE jobs SET state = 'failed', claim = NULL, leased_until = NULL, finished_at = now(),
                        failure_code = 'deleted', failure_message = 'the video was deleted'
                    FROM deleted WHERE jobs.video_id = deleted.id AND jobs.state IN ('waiting', 'running')
                )
                SELECT original_key, processed_key, poster_key, pg_notify('videos', id::text) FROM deleted
                """, id))
        return try rows.first.map { row throws(DatabaseError) in
            let keys: [String?] = [try row["original_key"], try row["processed_key"], try row["poster_key"]]
            return keys.compactMap(\.self)
        }
    }
}
