-- The host's state, first version. Every row carries its group, the epoch that it was written under and a revision
-- that only rises within this file, so that rows can be replicated as states.

-- Written by the store to find out whether a full disk takes writes again.
CREATE TABLE trial (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    filler BLOB NOT NULL
) STRICT;

CREATE TABLE meta (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    instance TEXT    NOT NULL,
    grp      TEXT    NOT NULL,
    epoch    INTEGER NOT NULL,
    rev      INTEGER NOT NULL
) STRICT;

CREATE TABLE nodes (
    node TEXT PRIMARY KEY,
    paused TEXT, paused_since INTEGER, skew_ms INTEGER NOT NULL, probe TEXT, probed_at INTEGER,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL
) STRICT;

CREATE TABLE edge_cursors (
    edge TEXT PRIMARY KEY,
    taken INTEGER NOT NULL, safe INTEGER NOT NULL,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL
) STRICT;

CREATE TABLE sweep_cursors (
    node TEXT NOT NULL, scope TEXT NOT NULL, kind TEXT NOT NULL,
    cursor TEXT NOT NULL, started_at INTEGER, finished_at INTEGER,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL,
    PRIMARY KEY (node, scope, kind)
) STRICT;

CREATE TABLE ledger (
    node TEXT NOT NULL, kind TEXT NOT NULL,
    accounted_to INTEGER, audited_to INTEGER,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL,
    PRIMARY KEY (node, kind)
) STRICT;

CREATE TABLE rule_versions (
    connection TEXT NOT NULL, version INTEGER NOT NULL,
    digest TEXT NOT NULL, sources TEXT NOT NULL, published_at INTEGER NOT NULL, published_by TEXT NOT NULL,
    rollback_of INTEGER, active INTEGER NOT NULL,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL,
    PRIMARY KEY (connection, version)
) STRICT;
CREATE UNIQUE INDEX rule_versions_active ON rule_versions (connection) WHERE active = 1;

CREATE TABLE items (
    node TEXT NOT NULL, id TEXT NOT NULL,
    key TEXT NOT NULL COLLATE NOCASE, url TEXT NOT NULL, scope TEXT NOT NULL, root TEXT,
    version TEXT NOT NULL, seen_at INTEGER NOT NULL,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL,
    PRIMARY KEY (node, id)
) STRICT;
CREATE INDEX items_by_key ON items (key);
CREATE INDEX items_by_root ON items (root) WHERE root IS NOT NULL;
CREATE INDEX items_untwinned ON items (seen_at) WHERE root IS NULL;

CREATE TABLE twins (
    link TEXT PRIMARY KEY,
    connection TEXT NOT NULL, root TEXT NOT NULL,
    left_node TEXT NOT NULL, left_id TEXT, right_node TEXT NOT NULL, right_id TEXT,
    created_from TEXT, incarnation INTEGER NOT NULL,
    state TEXT NOT NULL, cause TEXT, sentence TEXT, state_since INTEGER NOT NULL,
    left_negative INTEGER, right_negative INTEGER,
    held TEXT NOT NULL, since INTEGER NOT NULL, reconciled INTEGER,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL
) STRICT;
CREATE INDEX twins_by_left ON twins (left_node, left_id);
CREATE INDEX twins_by_right ON twins (right_node, right_id);
CREATE INDEX twins_by_root ON twins (root);
CREATE INDEX twins_by_state ON twins (connection, state, cause);

CREATE TABLE observations (
    digest TEXT PRIMARY KEY,
    item TEXT NOT NULL, seen_at INTEGER NOT NULL,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL
) STRICT;
CREATE INDEX observations_by_age ON observations (seen_at);

CREATE TABLE bases (
    link TEXT NOT NULL, side TEXT NOT NULL,
    observation TEXT NOT NULL,
    rule_version INTEGER NOT NULL, fields TEXT NOT NULL, pending TEXT NOT NULL,
    advanced TEXT NOT NULL, asked TEXT NOT NULL,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL,
    PRIMARY KEY (link, side)
) STRICT;
CREATE INDEX bases_by_observation ON bases (observation);

CREATE TABLE comment_links (
    root TEXT NOT NULL, origin_node TEXT NOT NULL, origin TEXT NOT NULL, node TEXT NOT NULL,
    comment TEXT NOT NULL, parent TEXT NOT NULL, revision TEXT NOT NULL, state TEXT NOT NULL,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL,
    PRIMARY KEY (root, origin_node, origin, node)
) STRICT;

CREATE TABLE script_comments (
    link TEXT NOT NULL, key TEXT NOT NULL, cause TEXT NOT NULL, at INTEGER NOT NULL,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL,
    PRIMARY KEY (link, key, cause)
) STRICT;

CREATE TABLE dirty (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    node TEXT NOT NULL, id TEXT NOT NULL,
    lane TEXT NOT NULL, cause TEXT NOT NULL, due INTEGER NOT NULL, since INTEGER NOT NULL, mark INTEGER NOT NULL,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL,
    UNIQUE (node, id)
) STRICT;
CREATE INDEX dirty_by_due ON dirty (lane, due);

CREATE TABLE effects (
    id TEXT PRIMARY KEY,
    link TEXT NOT NULL, connection TEXT NOT NULL, node TEXT NOT NULL, scope TEXT NOT NULL, item TEXT,
    is_create INTEGER NOT NULL, planned TEXT NOT NULL, valid_for TEXT NOT NULL, rule_version INTEGER NOT NULL,
    state TEXT NOT NULL, cause TEXT, sentence TEXT, settled INTEGER NOT NULL,
    intended_at INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER,
    attempts INTEGER NOT NULL, next_due INTEGER,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL
) STRICT;
CREATE INDEX effects_open ON effects (link) WHERE settled = 0;
CREATE INDEX effects_open_creates ON effects (node, scope) WHERE settled = 0 AND is_create = 1;
CREATE INDEX effects_by_item ON effects (node, item, intended_at);
CREATE INDEX effects_by_age ON effects (intended_at) WHERE settled = 1;

CREATE TABLE history (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL, node TEXT NOT NULL, item TEXT NOT NULL,
    kind TEXT NOT NULL, connection TEXT, entry TEXT NOT NULL,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL
) STRICT;
CREATE INDEX history_by_item ON history (node, item, seq);
CREATE INDEX history_by_age ON history (at);

CREATE TABLE write_slices (
    connection TEXT NOT NULL, slice INTEGER NOT NULL, writes INTEGER NOT NULL,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL,
    PRIMARY KEY (connection, slice)
) STRICT;

CREATE TABLE holds (
    connection TEXT PRIMARY KEY,
    held_since INTEGER, reason TEXT, budget INTEGER NOT NULL,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_by_age ON audit (at);

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL, connection TEXT NOT NULL, state TEXT NOT NULL, spec TEXT NOT NULL, cursor TEXT,
    total INTEGER, done INTEGER NOT NULL, failed INTEGER NOT NULL, sentence TEXT,
    started_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL
) STRICT;
