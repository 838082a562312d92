-- When an edge last ended that had answered everybody and whose hosts had heard of whatever it had refused. No row: an edge
-- is at work, or ended otherwise, and nobody knows what was not taken.
CREATE TABLE rest (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    at  INTEGER NOT NULL
) STRICT;
