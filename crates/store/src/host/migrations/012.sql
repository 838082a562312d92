-- Groups whose state was brought into this file, since a connection has joined them to its own: nobody works on them any
-- more, and their state is not brought in twice.
CREATE TABLE absorbed (
    was TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL
) STRICT;
