-- What an operator has said of a pipeline; one of which nothing is said is for everybody, and its newest version is the default.
CREATE TABLE pipelines (
    name text PRIMARY KEY,
    -- What its bare name stands for; null for the newest.
    default_version integer CHECK (default_version > 0),
    -- What it stands for with this share of people, to try a version out.
    canary_version integer CHECK (canary_version > 0),
    canary_percent integer NOT NULL DEFAULT 0 CHECK (canary_percent BETWEEN 0 AND 100),
    -- Whether only those may use it who are named.
    is_restricted boolean NOT NULL DEFAULT false,
    CHECK ((canary_percent = 0) = (canary_version IS NULL))
);

CREATE TABLE pipeline_users (
    name text NOT NULL REFERENCES pipelines (name),
    user_id bigint NOT NULL REFERENCES users (id),
    PRIMARY KEY (name, user_id)
);

-- What a version has made, to have it made again.
CREATE INDEX videos_made_by ON videos (pipeline_name, pipeline_version, id)
    WHERE status = 'processed' AND deleted_at IS NULL;

-- Those who wait for a video go before what an operator has made again.
ALTER TABLE jobs ADD COLUMN is_background boolean NOT NULL DEFAULT false;
DROP INDEX jobs_waiting;
CREATE INDEX jobs_waiting ON jobs (is_background, due_at, id) WHERE state = 'waiting';
