-- What a group's state does not tell, since it was restored, rebuilt or taken over: what happened after state_at and before
-- restored_at, both in milliseconds of the wall clock. A restore writes it into a file of any version.
CREATE TABLE IF NOT EXISTS restores (
    grp TEXT PRIMARY KEY,
    state_at INTEGER NOT NULL, restored_at INTEGER NOT NULL
) STRICT;
