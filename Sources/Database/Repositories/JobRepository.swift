/// What is to be done with videos. The row is the job: who claims it has it until the lease runs out, and then somebody
/// else may.
public struct JobRepository: Sendable {
    private let pool: ConnectionPool
    private let attempts: Int

    /// Where a job that waits is announced; the payload is its id.
    public static let announcements = Listener.Channel("jobs")
    /// Where it is said that something of a video has changed; the payload is the video's id.
    public static let changes = Listener.Channel("videos")

    /// - Parameter attempts: how often a job is tried at the most.
    public init(_ pool: ConnectionPool, attempts: Int = 3) {
        self.pool = pool
        self.attempts = attempts
    }

    // MARK: Claiming

    /// Claims the next job. People take turns; jobs of an operator come after all others.
    ///
    /// - Parameter lease: how long nobody else can.
    /// - Returns: nil where none waits.
    public func claim(for lease: Duration) async throws -> Job? {
        try await claim(nil, for: lease)
    }

    /// Claims a job. Waits while its row is locked: by the announcement whose message says so, which is sent before it is committed.
    ///
    /// - Returns: nil where it is done, or somebody else's.
    public func claim(_ id: JobID?, for lease: Duration) async throws -> Job? {
        let statements = [
            release,
            Statement(
                """
                WITH claimed AS (
                    UPDATE jobs SET state = 'running', claim = gen_random_uuid(), attempts = attempts + 1, progress = 0,
                        leased_until = now() + make_interval(secs => $1)
                    WHERE id = coalesce(
                        $2::bigint,
                        (
                            SELECT id FROM jobs WHERE state = 'waiting' AND due_at <= now()
                            ORDER BY is_background, turn, id LIMIT 1 FOR UPDATE SKIP LOCKED
                        )
                    ) AND state = 'waiting' AND due_at <= now()
                    RETURNING *
                ), begun AS (
                    UPDATE videos SET status = 'processing' FROM claimed
                    WHERE videos.id = claimed.video_id AND videos.status IN ('uploaded', 'failed')
                )
                SELECT claimed.id, video_id, claimed.pipeline_name, claimed.pipeline_version, claimed.pipeline_digest,
                    attempts, file_faults, claim::text AS claim, extract(epoch FROM now() - due_at)::float8 AS waited, original_key, original_tag, file_name, pg_notify('videos', video_id::text)
                FROM claimed JOIN videos ON videos.id = claimed.video_id
                """, lease.seconds, id),
        ]
        return try await pool.withConnection { try await $0.query(statements) }[1].first.map(Job.init)
    }

    /// A claim whose lease has run out is nobody's, and its job waits again.
    private var release: Statement {
        Statement(
            """
            UPDATE jobs SET state = 'waiting', claim = NULL, leased_until = NULL, announced_at = NULL
            WHERE id IN (
                SELECT id FROM jobs WHERE state = 'running' AND leased_until < now() AND attempts < $1
                ORDER BY leased_until FOR UPDATE SKIP LOCKED
            )
            """, attempts)
    }

    /// Says that a job is still worked on, and how far it is.
    ///
    /// - Parameter progress: from 0 to 1.
    /// - Returns: whether it is still the claim's; the work is for nothing otherwise.
    public func renew(_ job: Job, for lease: Duration, progress: Double) async throws -> Bool {
        let rows = try await pool.query(
            Statement(
                """
                UPDATE jobs SET leased_until = now() + make_interval(secs => $3), progress = $4
                WHERE id = $1 AND claim = $2::uuid AND state = 'running'
                RETURNING pg_notify('videos', video_id::text)
                """, job.id, job.claim, lease.seconds, progress))
        return rows.count == 1
    }

    // MARK: Looking

    /// How many jobs wait and are worked on, and how long the one that waits longest has been due.
    public func backlog() async throws -> (waiting: Int, running: Int, age: Duration) {
        let rows = try await pool.query(
            Statement(
                """
                SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'running') AS running,
                    coalesce(extract(epoch FROM now() - min(due_at) FILTER (WHERE state = 'waiting' AND due_at < now())), 0)::float8
                        AS age
                FROM jobs WHERE state IN ('waiting', 'running')
                """))
        return (
            waiting: try rows[0]["waiting"], running: try rows[0]["running"],
            age: .seconds(try rows[0]["age"] as Double)
        )
    }

    // MARK: Announcing

    /// Maximum number of one account's jobs in the external queue, which is FIFO.
    private static let announcedPerUser = 10

    /// Announces up to ten waiting jobs to the external queue: of each account only the first ten by turn. Jobs whose lease has expired are
    /// waiting again.
    ///
    /// - Parameters:
    ///   - age: a job that was announced longer ago and is unclaimed is announced again.
    ///   - send: sends messages and returns the indices of those that were accepted. It may announce a job again.
    /// - Returns: the number of jobs announced.
    public func announce(
        again age: Duration, _ send: ([JobID]) async throws -> Set<Int>
    ) async throws -> Int {
        _ = try await pool.query(release)
        return try await pool.transaction { connection in
            let rows = try await connection.query(
                Statement(
                    """
                    SELECT id FROM jobs WHERE state = 'waiting' AND due_at <= now()
                        AND (announced_at IS NULL OR announced_at < now() - make_interval(secs => $1))
                        AND (
                            SELECT count(*) FROM (
                                SELECT FROM jobs AS earlier
                                WHERE earlier.user_id = jobs.user_id AND earlier.is_background = jobs.is_background
                                    AND earlier.state IN ('waiting', 'running')
                                    AND (earlier.turn, earlier.id) < (jobs.turn, jobs.id)
                                LIMIT $2
                            ) AS ahead
                        ) < $2
                    ORDER BY announced_at NULLS FIRST, is_background, turn, id LIMIT 10 FOR UPDATE SKIP LOCKED
                    """, age.seconds, Self.announcedPerUser))
            let ids = try rows.map { row throws(DatabaseError) -> JobID in try row["id"] }
            guard !ids.isEmpty else { return 0 }
            let taken = try await send(ids)
            try await connection.query(
                Statement(
                    "UPDATE jobs SET announced_at = now() WHERE id = ANY($1::bigint[])",
                    ids.indices.filter(taken.contains).map { ids[$0] }))
            return taken.count
        }
    }

    // MARK: Ending

    /// What a job has made, in the store.
    public struct Result: Hashable, Sendable {
        public var processedKey: String
        public var posterKey: String?

        public init(processedKey: String, posterKey: String?) {
            self.processedKey = processedKey
            self.posterKey = posterKey
        }
    }

    /// Makes a job's result the video's.
    ///
    /// - Returns: the keys of what it replaces; nil where the claim was lost, and the result is nobody's.
    public func finish(_ job: Job, with result: Result) async throws -> [String]? {
        let rows = try await pool.query(
            Statement(
                """
                WITH done AS (
                    UPDATE jobs SET state = 'done', claim = NULL, leased_until = NULL, finished_at = now(), progress = 1
                    WHERE id = $1 AND claim = $2::uuid AND state = 'running'
                    RETURNING video_id, pipeline_name, pipeline_version, pipeline_digest
                ), before AS (
                    SELECT videos.id, processed_key, poster_key FROM videos JOIN done ON videos.id = done.video_id
                    FOR UPDATE OF videos
                ), made AS (
                    UPDATE videos SET status = 'processed', processed_at = now(), processed_key = $3, poster_key = $4,
                        pipeline_name = done.pipeline_name, pipeline_version = done.pipeline_version,
                        pipeline_digest = done.pipeline_digest, processed_digest = done.pipeline_digest,
                        failure_code = NULL, failure_message = NULL
                    FROM done JOIN before ON before.id = done.video_id
                    WHERE videos.id = done.video_id
                )
                SELECT processed_key, poster_key, pg_notify('videos', id::text) FROM before
                """, job.id, job.claim, result.processedKey, result.posterKey))
        return try rows.first.map { row throws(DatabaseError) in
            let keys: [String?] = [try row["processed_key"], try row["poster_key"]]
            return keys.compactMap(\.self).filter { $0 != result.processedKey && $0 != result.posterKey }
        }
    }

    /// Says that nothing can be made of the upload, whoever tries: it is at fault.
    ///
    /// - Returns: whether the job was still the claim's.
    public func fail(_ job: Job, _ failure: Video.Failure) async throws -> Bool {
        let rows = try await pool.query(
            Statement(
                """
                WITH failed AS (
                    UPDATE jobs SET state = 'failed', claim = NULL, leased_until = NULL, finished_at = now(),
                        failure_code = $3, failure_message = $4
                    WHERE id = $1 AND claim = $2::uuid AND state = 'running'
                    RETURNING video_id
                ), told AS (
                    -- What was made before goes on to serve.
                    UPDATE videos SET status = 'failed', failure_code = $3, failure_message = $4 FROM failed
                    WHERE videos.id = failed.video_id AND videos.processed_key IS NULL
                )
                SELECT pg_notify('videos', video_id::text) FROM failed
                """, job.id, job.claim, failure.code, failure.message))
        return rows.count == 1
    }

    /// Whom an attempt that came to nothing is charged to.
    public enum Charge: Hashable, Sendable {
        /// It does not count: it was broken off by a shutdown.
        case nobody
        /// It counts as one of the job's attempts.
        case attempt
        /// It counts as a fault of the file: the process that worked on it died, or took too long.
        case file
    }

    /// The number of attempts charged to the file that fail a job.
    private static let fileFaults = 2

    /// Gives a job back that could not be done just now: somebody takes it later, unless this was the last attempt.
    ///
    /// - Parameters:
    ///   - pause: how long it waits at least.
    ///   - charge: whom the attempt is charged to.
    ///   - failure: what its owner is told where this was the last attempt.
    /// - Returns: whether the job was still the claim's.
    public func giveBack(
        _ job: Job, after pause: Duration = .zero, _ charge: Charge, _ failure: Video.Failure
    ) async throws -> Bool {
        let isLast =
            switch charge {
            case .nobody: false
            case .attempt: job.attempt >= attempts
            // Workers that died before are not the file's fault, nor is it theirs.
            case .file: job.fileFaults + 1 >= Self.fileFaults
            }
        if isLast { return try await fail(job, failure) }
        let rows = try await pool.query(
            Statement(
                """
                UPDATE jobs SET state = 'waiting', claim = NULL, leased_until = NULL, announced_at = NULL, progress = 0,
                    attempts = attempts - $3, file_faults = file_faults + $4, due_at = now() + make_interval(secs => $5)
                WHERE id = $1 AND claim = $2::uuid AND state = 'running'
                RETURNING pg_notify('jobs', id::text)
                """, job.id, job.claim, charge == .attempt ? 0 : 1, charge == .file ? 1 : 0, pause.seconds))
        return rows.count == 1
    }

    /// Ends jobs whose last attempt was never heard of again.
    ///
    /// - Returns: how many there were.
    public func sweep(_ failure: Video.Failure) async throws -> Int {
        let rows = try await pool.query(
            Statement(
                """
                WITH failed AS (
                    UPDATE jobs SET state = 'failed', claim = NULL, leased_until = NULL, finished_at = now(),
                        failure_code = $2, failure_message = $3
                    WHERE id IN (
                        SELECT id FROM jobs WHERE state = 'running' AND leased_until < now() AND attempts >= $1
                        ORDER BY leased_until FOR UPDATE SKIP LOCKED
                    )
                    RETURNING video_id
                ), told AS (
                    UPDATE videos SET status = 'failed', failure_code = $2, failure_message = $3 FROM failed
                    WHERE videos.id = failed.video_id AND videos.processed_key IS NULL
                )
                SELECT pg_notify('videos', video_id::text) FROM failed
                """, attempts, failure.code, failure.message))
        return rows.count
    }
}
