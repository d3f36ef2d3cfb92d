-- How often something was asked for in a period of time, by whom: what limits of rates count, for all servers together.
CREATE TABLE attempts (
    -- What, and by whom: 'login 203.0.113.7'.
    subject text NOT NULL,
    period timestamptz NOT NULL,
    count integer NOT NULL,
    PRIMARY KEY (subject, period)
);

CREATE INDEX attempts_past ON attempts (period);
