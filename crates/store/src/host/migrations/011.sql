-- Which twins wait until an item that one of theirs has as its parent is in a cluster that reaches the other side, and
-- whether a person has confirmed the work that left it out.
CREATE TABLE parent_waits (
    link TEXT NOT NULL, side TEXT NOT NULL,
    node TEXT NOT NULL, key TEXT NOT NULL COLLATE NOCASE, confirmed INTEGER NOT NULL,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL,
    PRIMARY KEY (link, side)
) STRICT;
CREATE INDEX parent_waits_by_key ON parent_waits (key);
-- Finished jobs are pruned by their age.
CREATE INDEX jobs_by_state ON jobs (state, updated_at);
