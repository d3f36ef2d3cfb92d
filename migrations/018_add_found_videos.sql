-- Public videos, in full or those that match. The planner inlines it (PostgreSQL 15, 38.5: one SELECT, STABLE), so that its conditions
-- choose the index, as if they stood in the query.
--
-- pattern: of ILIKE, for titles. in_city: without regard to case. scope: of the newest so many only. NULL for no such condition.
CREATE FUNCTION found_videos(pattern text, in_city text, scope bigint) RETURNS SETOF videos LANGUAGE sql STABLE AS $$
    SELECT * FROM videos
    WHERE is_public AND status = 'processed' AND deleted_at IS NULL
        AND (pattern IS NULL OR title ILIKE pattern)
        AND (in_city IS NULL OR user_id IN (SELECT id FROM users WHERE lower(city) = lower(in_city)))
        AND (scope IS NULL OR id > coalesce((
            SELECT id FROM videos WHERE is_public AND status = 'processed' AND deleted_at IS NULL
            ORDER BY id DESC OFFSET scope LIMIT 1), 0))
$$;
