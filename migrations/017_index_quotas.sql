-- What somebody has begun to upload within a day, deleted videos included.
CREATE INDEX videos_of_user_by_date ON videos (user_id, created_at);
-- Uploads that somebody has begun and not completed.
CREATE INDEX videos_pending_of_user ON videos (user_id) WHERE status = 'pending_upload' AND deleted_at IS NULL;
-- What one person asked to have made again within an hour.
ALTER TABLE jobs ADD COLUMN is_repeat boolean NOT NULL DEFAULT false;
CREATE INDEX jobs_repeated ON jobs (user_id, created_at) WHERE is_repeat;
