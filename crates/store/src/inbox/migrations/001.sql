-- The edge's inbox, first version.

-- Written by the store to find out whether a full disk takes writes again.
CREATE TABLE trial (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    filler BLOB NOT NULL
) STRICT;

-- Groups that pull, each with the newest ownership that was seen.
CREATE TABLE groups (
    id    INTEGER PRIMARY KEY,
    grp   TEXT    NOT NULL UNIQUE,
    epoch INTEGER NOT NULL,
    taken INTEGER NOT NULL,
    safe  INTEGER NOT NULL CHECK (safe <= taken)
) STRICT;

-- The route snapshot: nodes that the edge knows, and what their inbox weighs.
CREATE TABLE nodes (
    id       INTEGER PRIMARY KEY,
    node     TEXT    NOT NULL UNIQUE,
    group_id INTEGER NOT NULL REFERENCES groups (id),
    -- Whether the newest snapshot has it. Deliveries of a removed node stay until they are safe.
    routed   INTEGER NOT NULL,
    tracker  TEXT    NOT NULL,
    verifier TEXT    NOT NULL,
    bytes    INTEGER NOT NULL,
    rows     INTEGER NOT NULL
) STRICT;

CREATE TABLE deliveries (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id    INTEGER NOT NULL,
    node_id     INTEGER NOT NULL,
    delivery_id TEXT,
    received_at INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    headers     TEXT    NOT NULL,
    body        BLOB    NOT NULL
) STRICT;
-- Nothing is equal to NULL, so deliveries without an id are never duplicates.
CREATE UNIQUE INDEX deliveries_by_id ON deliveries (node_id, delivery_id);
CREATE INDEX deliveries_by_group ON deliveries (group_id, seq);

-- What was dropped untaken, and from when on the node must be swept for it.
CREATE TABLE alerts (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    node_id    INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    sweep_from INTEGER NOT NULL,
    dropped    INTEGER NOT NULL
) STRICT;

-- What all deliveries weigh: one row, so that an append need not add up the nodes.
CREATE TABLE weight (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    bytes INTEGER NOT NULL
) STRICT;
INSERT INTO weight (one, bytes) VALUES (1, 0);
