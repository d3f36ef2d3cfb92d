-- One vote a person a video.
CREATE TABLE votes (
    user_id bigint NOT NULL REFERENCES users (id),
    video_id bigint NOT NULL REFERENCES videos (id),
    voted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, video_id)
);

CREATE INDEX votes_of_video ON votes (video_id);

-- How many votes a video has, so that lists by votes read an index.
ALTER TABLE videos ADD COLUMN vote_count integer NOT NULL DEFAULT 0 CHECK (vote_count >= 0);

CREATE FUNCTION count_vote() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE videos SET vote_count = vote_count + 1 WHERE id = NEW.video_id;
    ELSE
        UPDATE videos SET vote_count = vote_count - 1 WHERE id = OLD.video_id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER votes_are_counted AFTER INSERT OR DELETE ON votes
    FOR EACH ROW EXECUTE FUNCTION count_vote();

-- What is public, by votes.
CREATE INDEX videos_public_by_votes ON videos (vote_count DESC, id DESC)
    WHERE is_public AND status = 'processed' AND deleted_at IS NULL;
