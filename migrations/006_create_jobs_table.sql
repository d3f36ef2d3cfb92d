-- What is to be done with a video. The row is the job: a message only wakes somebody.
CREATE TABLE jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    video_id bigint NOT NULL REFERENCES videos (id),
    pipeline_name text NOT NULL,
    pipeline_version integer NOT NULL,
    pipeline_digest text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    -- How often it was claimed.
    attempts integer NOT NULL DEFAULT 0,
    -- Who works on it, by a name that is made for each claim, and until when nobody else may.
    claim uuid,
    leased_until timestamptz,
    -- Not before this moment.
    due_at timestamptz NOT NULL DEFAULT now(),
    progress double precision NOT NULL DEFAULT 0,
    failure_code text,
    failure_message text,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CHECK ((state = 'running') = (claim IS NOT NULL AND leased_until IS NOT NULL))
);

-- A video has one job under way.
CREATE UNIQUE INDEX jobs_open ON jobs (video_id) WHERE state IN ('waiting', 'running');

-- What may be claimed, and whose lease has run out.
CREATE INDEX jobs_waiting ON jobs (due_at, id) WHERE state = 'waiting';
CREATE INDEX jobs_running ON jobs (leased_until, id) WHERE state = 'running';

-- Workers wait for this.
CREATE FUNCTION announce_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('jobs', NEW.id::text);
    RETURN NULL;
END
$$;

CREATE TRIGGER jobs_are_announced AFTER INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION announce_job();
