-- The central database, first version: registry, what is published, the replica of every host's running state.

CREATE SCHEMA IF NOT EXISTS twinline;

CREATE TABLE twinline.schema_versions (
    version bigint PRIMARY KEY,
    made_at timestamptz NOT NULL DEFAULT now()
);

-- The commit canary. Logged: an unlogged table commits while the write-ahead log hangs.
CREATE TABLE twinline.canary (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    machine text NOT NULL,
    at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX canary_by_machine ON twinline.canary (machine, at);

CREATE TABLE twinline.machines (
    machine   text PRIMARY KEY,
    addresses json NOT NULL,
    version   text NOT NULL,
    seen_at   timestamptz NOT NULL
);

-- What roles run: the configuration and the rules as one snapshot. Definitions are this database's own.
CREATE TABLE twinline.published (
    version      bigint PRIMARY KEY,
    digest       text NOT NULL,
    content      text NOT NULL,
    published_by text NOT NULL,
    published_at timestamptz NOT NULL
);

CREATE TABLE twinline.nodes (
    node      text PRIMARY KEY,
    workspace text NOT NULL,
    grp       text NOT NULL,
    published bigint NOT NULL REFERENCES twinline.published (version)
);
CREATE INDEX nodes_by_group ON twinline.nodes (grp);

-- One row a group. epoch: the newest ownership that has claimed it; batches of older ones are refused.
-- (shipped_epoch, shipped_rev): everything that this store had written up to there is in the replica.
-- vouched_rev: the same for rows that vouch for others (cursors, ledger), which are shipped after what they vouch for.
-- complete: the replica is one state of the store, cursors included; false while more than one transaction is needed.
-- copy: the number of the full copy that the replica was last made by; copy_pruned: the deletions that the store had
-- forgotten when it began.
CREATE TABLE twinline.groups (
    grp           text PRIMARY KEY,
    epoch         bigint NOT NULL,
    writer        text NOT NULL,
    shipped_epoch bigint NOT NULL,
    shipped_rev   bigint NOT NULL,
    vouched_rev   bigint NOT NULL,
    copy          bigint NOT NULL,
    copy_pruned   bigint NOT NULL,
    complete      boolean NOT NULL,
    schema        bigint NOT NULL,
    machine       text NOT NULL,
    -- The owner's wall clock when it read what it shipped last.
    state_at      timestamptz NOT NULL
);

-- The running state of all groups, as states: of two versions of a row the one with the greater (epoch, rev) stands.
-- copy: the full copy that has vouched for the row; when a copy ends, rows of earlier ones are gone from the store.
-- payload: the row's columns; json and not jsonb, which refuses texts with a zero character. NULL: a tombstone.
CREATE TABLE twinline.replica (
    grp     text NOT NULL,
    tbl     text NOT NULL,
    key     text NOT NULL,
    epoch   bigint NOT NULL,
    rev     bigint NOT NULL,
    copy    bigint NOT NULL,
    payload json,
    PRIMARY KEY (grp, tbl, key)
);
CREATE INDEX replica_by_copy ON twinline.replica (grp, copy);
-- Tombstones, oldest first, for forgetting them.
CREATE INDEX replica_tombstones ON twinline.replica (grp, epoch, rev) WHERE payload IS NULL;

CREATE VIEW twinline.fleet_groups AS
    SELECT g.grp, g.machine, g.epoch >> 47 AS generation, g.epoch & 140737488355327 AS revision, g.complete,
           g.state_at, now() - g.state_at AS age
    FROM twinline.groups g;

CREATE VIEW twinline.fleet_twins AS
    SELECT r.grp, r.payload ->> 'connection' AS connection, r.payload ->> 'state' AS state,
           r.payload ->> 'cause' AS cause, count(*) AS twins
    FROM twinline.replica r WHERE r.tbl = 'twins' AND r.payload IS NOT NULL GROUP BY 1, 2, 3, 4;

CREATE VIEW twinline.fleet_nodes AS
    SELECT r.grp, r.payload ->> 'node' AS node, r.payload ->> 'paused' AS paused,
           to_timestamp((r.payload ->> 'probed_at')::bigint / 1000.0) AS probed_at
    FROM twinline.replica r WHERE r.tbl = 'nodes' AND r.payload IS NOT NULL;

CREATE VIEW twinline.fleet_ledger AS
    SELECT r.grp, r.payload ->> 'node' AS node, r.payload ->> 'kind' AS kind,
           to_timestamp((r.payload ->> 'accounted_to')::bigint / 1000.0) AS accounted_to,
           to_timestamp((r.payload ->> 'audited_to')::bigint / 1000.0) AS audited_to
    FROM twinline.replica r WHERE r.tbl = 'ledger' AND r.payload IS NOT NULL;

CREATE VIEW twinline.fleet_holds AS
    SELECT r.grp, r.payload ->> 'connection' AS connection, r.payload ->> 'reason' AS reason,
           to_timestamp((r.payload ->> 'held_since')::bigint / 1000.0) AS held_since
    FROM twinline.replica r WHERE r.tbl = 'holds' AND r.payload ->> 'held_since' IS NOT NULL;
