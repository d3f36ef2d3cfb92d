-- Players by the votes of their public videos. Refreshed concurrently, which the unique index makes possible.
CREATE MATERIALIZED VIEW player_rankings AS
SELECT
    users.id AS user_id,
    users.first_name,
    users.last_name,
    users.city,
    users.country,
    sum(videos.vote_count)::bigint AS total_votes,
    row_number() OVER (ORDER BY sum(videos.vote_count) DESC, users.id)::bigint AS ranking,
    now() AS last_updated
FROM users
JOIN videos ON videos.user_id = users.id
WHERE videos.is_public AND videos.status = 'processed' AND videos.deleted_at IS NULL
GROUP BY users.id;

CREATE UNIQUE INDEX player_rankings_user ON player_rankings (user_id);
CREATE UNIQUE INDEX player_rankings_place ON player_rankings (ranking);
CREATE INDEX player_rankings_city ON player_rankings (lower(city), ranking);
CREATE INDEX player_rankings_country ON player_rankings (lower(country), ranking);
