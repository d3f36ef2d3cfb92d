-- Searches in titles read an index of their trigrams, not every title.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX videos_public_title ON videos USING gin (title gin_trgm_ops)
    WHERE is_public AND status = 'processed' AND deleted_at IS NULL;
CREATE INDEX users_city ON users (lower(city));
CREATE INDEX videos_public_of_user ON videos (user_id, id DESC)
    WHERE is_public AND status = 'processed' AND deleted_at IS NULL;
