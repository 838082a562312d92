-- What a watch keeps, first version.

-- Written by the store to find out whether a full disk takes writes again.
CREATE TABLE trial (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    filler BLOB NOT NULL
) STRICT;

-- The machines' states, one document each, as JSON.
CREATE TABLE states (
    name     TEXT PRIMARY KEY,
    document TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What happened, the newest so many.
CREATE TABLE journal (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    incident INTEGER,
    entry    TEXT    NOT NULL
) STRICT;
