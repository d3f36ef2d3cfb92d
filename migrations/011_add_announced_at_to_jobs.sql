-- When a queue outside was told of a job last. The job is written with its upload, so that it is told of in the end, whatever happens
-- in between: one that it was never told of, or so long ago that the message may be lost, is told of again.
ALTER TABLE jobs ADD COLUMN announced_at timestamptz;

CREATE INDEX jobs_unannounced ON jobs (announced_at NULLS FIRST, id) WHERE state = 'waiting';
