-- Whose job it is, and its turn: jobs are claimed by turn, so that one person's many uploads do not hold up everybody else.
--
-- Start-time fair queueing (Goyal, Vin and Cheng 1996): a new job's turn is that of the job being done now, or one more than the turn of
-- its owner's last open job, whichever is later.
ALTER TABLE jobs ADD COLUMN user_id bigint REFERENCES users (id);
ALTER TABLE jobs ADD COLUMN turn bigint NOT NULL DEFAULT 0;

UPDATE jobs SET user_id = videos.user_id FROM videos WHERE videos.id = jobs.video_id;
UPDATE jobs SET turn = numbered.turn
FROM (
    SELECT id, row_number() OVER (PARTITION BY user_id, is_background ORDER BY due_at, id) AS turn
    FROM jobs WHERE state IN ('waiting', 'running')
) AS numbered
WHERE numbered.id = jobs.id;
ALTER TABLE jobs ALTER COLUMN user_id SET NOT NULL;

DROP INDEX jobs_waiting;
CREATE INDEX jobs_waiting ON jobs (is_background, turn, id) WHERE state = 'waiting';
CREATE INDEX jobs_open_of_user ON jobs (user_id, is_background, turn, id) WHERE state IN ('waiting', 'running');
CREATE INDEX jobs_running_turn ON jobs (is_background, turn) WHERE state = 'running';

CREATE FUNCTION give_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT videos.user_id INTO NEW.user_id FROM videos WHERE videos.id = NEW.video_id;
    NEW.turn := greatest(
        coalesce(
            (SELECT max(turn) FROM jobs WHERE state = 'running' AND is_background = NEW.is_background),
            (SELECT min(turn) FROM jobs WHERE state = 'waiting' AND is_background = NEW.is_background),
            0),
        1 + coalesce(
            (SELECT max(turn) FROM jobs WHERE user_id = NEW.user_id AND is_background = NEW.is_background
                AND state IN ('waiting', 'running')),
            -1));
    RETURN NEW;
END
$$;

CREATE TRIGGER jobs_have_turns BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION give_turn();
