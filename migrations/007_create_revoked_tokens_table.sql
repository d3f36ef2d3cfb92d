-- Tokens that are of no use any more before they expire. Those that have expired are swept.
CREATE TABLE revoked_tokens (
    id uuid PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

CREATE INDEX revoked_tokens_expired ON revoked_tokens (expires_at);
