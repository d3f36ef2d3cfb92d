/// Uploads, and what was made of them.
public struct VideoRepository: Sendable {
    let pool: ConnectionPool

    public init(_ pool: ConnectionPool) { self.pool = pool }

    // MARK: Uploading

    /// Adds a video whose upload begins.
    ///
    /// - Parameters:
    ///   - uploadName: the store's name for an upload in parts.
    ///   - quota: the owner's quota, which is checked and used at once.
    /// - Throws: ``Quota/Exceeded``; ``DatabaseError``.
    public func add(
        by owner: UserID, title: String, isPublic: Bool, _ original: Video.Original, with pipeline: PinnedPipeline,
        inParts uploadName: String? = nil, within quota: Quota = .none
    ) async throws -> Video {
        // The lock orders uploads of one person, so that each sees the ones before it.
        let statements = [
            Self.lock(owner),
            Statement(
                """
                WITH used AS (
                    SELECT (SELECT count(*) FROM videos WHERE user_id = $1 AND deleted_at IS NULL) AS used_videos,
                        (SELECT count(*) FROM videos WHERE user_id = $1 AND status = 'pending_upload' AND deleted_at IS NULL) AS used_uploads,
                        coalesce(sum(size_bytes), 0)::bigint AS used_bytes,
                        ceil(extract(epoch FROM min(created_at) + interval '1 day' - now()))::bigint AS seconds_left
                    FROM videos WHERE user_id = $1 AND created_at > now() - interval '1 day'
                ), added AS (
                    INSERT INTO videos (user_id, title, is_public, original_key, file_name, content_type, size_bytes,
                        pipeline_name, pipeline_version, pipeline_digest, upload_name)
                    SELECT $1::bigint, $2, $3::boolean, $4, $5, $6, $7::bigint, $8, $9::integer, $10, $11 FROM used
                    WHERE used_videos < $12::bigint AND used_uploads < $13::bigint AND used_bytes + $7::bigint <= $14::bigint
                    RETURNING *
                )
                SELECT added.*, used.* FROM used LEFT JOIN added ON true
                """, owner, title, isPublic, original.key, original.fileName, original.contentType, original.bytes,
                pipeline.name, pipeline.version, pipeline.digest, uploadName, quota.videos, quota.openUploads,
                quota.bytesPerDay),
        ]
        let row = try await pool.withConnection { try await $0.query(statements) }[1][0]
        guard try row["id"] as Int? != nil else {
            throw try Self.exceeded(quota, row, bytes: original.bytes) ?? .openUploads(quota.openUploads)
        }
        return try Video(row)
    }

    /// Checks whether somebody may begin another upload.
    ///
    /// - Throws: ``Quota/Exceeded``; ``DatabaseError``.
    public func check(_ quota: Quota, of owner: UserID, bytes: Int) async throws {
        let row = try await pool.query(
            Statement(
                """
                SELECT (SELECT count(*) FROM videos WHERE user_id = $1 AND deleted_at IS NULL) AS used_videos,
                    (SELECT count(*) FROM videos WHERE user_id = $1 AND status = 'pending_upload' AND deleted_at IS NULL) AS used_uploads,
                    coalesce(sum(size_bytes), 0)::bigint AS used_bytes,
                    ceil(extract(epoch FROM min(created_at) + interval '1 day' - now()))::bigint AS seconds_left
                FROM videos WHERE user_id = $1 AND created_at > now() - interval '1 day'
                """, owner))[0]
        if let exceeded = try Self.exceeded(quota, row, bytes: bytes) { throw exceeded }
    }

    /// The limit that another upload would exceed.
    ///
    /// - Parameter bytes: what the client says: any number.
    private static func exceeded(_ quota: Quota, _ row: Row, bytes: Int) throws(DatabaseError) -> Quota.Exceeded? {
        if try row["used_videos"] >= quota.videos { return .videos(quota.videos) }
        if try row["used_uploads"] >= quota.openUploads { return .openUploads(quota.openUploads) }
        // Both are at least 0, so the difference does not overflow.
        guard try bytes > quota.bytesPerDay - (row["used_bytes"] as Int) else { return nil }
        return .bytesPerDay(quota.bytesPerDay, secondsLeft: try row["seconds_left"] ?? 86400)
    }

    /// Locks the account's row until the transaction ends, which serialises quota checks.
    private static func lock(_ owner: UserID) -> Statement {
        Statement("SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE", owner)
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

    /// Adds a job that processes a video again with this pipeline, for an operator: no quota applies. The present result is served until the
    /// job is done.
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

    /// Adds a job that processes a video again with this pipeline, for its owner.
    ///
    /// - Returns: nil if the video is not the owner's, was never uploaded or is being processed.
    /// - Throws: ``Quota/Exceeded``; ``DatabaseError``.
    public func reprocess(
        _ id: VideoID, of owner: UserID, with pipeline: PinnedPipeline, within quota: Quota = .none
    ) async throws -> JobID? {
        let statements = [
            Self.lock(owner),
            Statement(
                """
                WITH asked AS (
                    SELECT count(*) < $6::bigint AS is_within,
                        ceil(extract(epoch FROM min(created_at) + interval '1 hour' - now()))::bigint AS seconds_left
                    FROM jobs WHERE user_id = $5 AND is_repeat AND created_at > now() - interval '1 hour'
                ), written AS (
                    INSERT INTO jobs (video_id, pipeline_name, pipeline_version, pipeline_digest, is_repeat)
                    SELECT id, $2, $3, $4, true FROM videos, asked
                    WHERE id = $1 AND user_id = $5 AND status IN ('processed', 'failed') AND uploaded_at IS NOT NULL
                        AND deleted_at IS NULL AND is_within
                    ON CONFLICT (video_id) WHERE state IN ('waiting', 'running') DO NOTHING
                    RETURNING id
                )
                SELECT is_within, seconds_left, (SELECT id FROM written) AS job FROM asked
                """, id, pipeline.name, pipeline.version, pipeline.digest, owner, quota.repeatsPerHour),
        ]
        let row = try await pool.withConnection { try await $0.query(statements) }[1][0]
        guard try row["is_within"] else {
            throw Quota.Exceeded.repeatsPerHour(quota.repeatsPerHour, secondsLeft: try row["seconds_left"] ?? 3600)
        }
        return try row["job"]
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

    /// A page of somebody's videos, newest first.
    public func videos(of owner: UserID, _ page: PageRequest) async throws -> Page<Video> {
        let statements = [
            Statement(
                """
                SELECT * FROM videos WHERE user_id = $1 AND deleted_at IS NULL ORDER BY id DESC LIMIT $2 OFFSET $3
                """, owner, page.size, page.offset),
            Statement("SELECT count(*) AS total FROM videos WHERE user_id = $1 AND deleted_at IS NULL", owner),
        ]
        let rows = try await pool.withConnection { try await $0.query(statements) }
        return Page(elements: try rows[0].map(Video.init), total: try rows[1][0]["total"])
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
