-- An upload and what was made of it.
CREATE TABLE videos (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id),
    title text NOT NULL CHECK (title <> ''),
    status text NOT NULL DEFAULT 'pending_upload'
        CHECK (status IN ('pending_upload', 'uploaded', 'processing', 'processed', 'failed')),
    -- Keys of the store: not guessable from the id.
    original_key text NOT NULL UNIQUE,
    processed_key text UNIQUE,
    poster_key text UNIQUE,
    file_name text NOT NULL,
    content_type text NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes > 0),
    -- The pipeline that the upload asked for, pinned when it did; a result names its own.
    pipeline_name text NOT NULL,
    pipeline_version integer NOT NULL,
    pipeline_digest text NOT NULL,
    processed_digest text,
    failure_code text,
    failure_message text,
    created_at timestamptz NOT NULL DEFAULT now(),
    uploaded_at timestamptz,
    processed_at timestamptz,
    deleted_at timestamptz,
    CHECK (status <> 'processed' OR (processed_key IS NOT NULL AND processed_at IS NOT NULL)),
    CHECK (status <> 'failed' OR (failure_code IS NOT NULL AND failure_message IS NOT NULL))
);

-- Somebody's own videos, newest first.
CREATE INDEX videos_of_user ON videos (user_id, id DESC) WHERE deleted_at IS NULL;

-- Uploads that were begun and never came.
CREATE INDEX videos_pending ON videos (created_at) WHERE status = 'pending_upload';
