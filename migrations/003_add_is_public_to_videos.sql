-- Whether everybody may see a video, and vote for it, once it is processed.
ALTER TABLE videos ADD COLUMN is_public boolean NOT NULL DEFAULT false;

-- What is public, newest first.
CREATE INDEX videos_public ON videos (id DESC)
    WHERE is_public AND status = 'processed' AND deleted_at IS NULL;
