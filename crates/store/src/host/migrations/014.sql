-- Revisions have one index over all replicated tables, made when a replication begins; those of each table go.
DROP INDEX IF EXISTS nodes_by_rev;
DROP INDEX IF EXISTS rule_versions_by_rev;
DROP INDEX IF EXISTS items_by_rev;
DROP INDEX IF EXISTS twins_by_rev;
DROP INDEX IF EXISTS observations_by_rev;
DROP INDEX IF EXISTS bases_by_rev;
DROP INDEX IF EXISTS comment_links_by_rev;
DROP INDEX IF EXISTS parent_waits_by_rev;
DROP INDEX IF EXISTS dirty_by_rev;
DROP INDEX IF EXISTS effects_by_rev;
DROP INDEX IF EXISTS history_by_rev;
DROP INDEX IF EXISTS write_slices_by_rev;
DROP INDEX IF EXISTS holds_by_rev;
DROP INDEX IF EXISTS audit_by_rev;
DROP INDEX IF EXISTS jobs_by_rev;
DROP INDEX IF EXISTS restores_by_rev;
DROP INDEX IF EXISTS absorbed_by_rev;
DROP INDEX IF EXISTS edge_cursors_by_rev;
DROP INDEX IF EXISTS sweep_cursors_by_rev;
DROP INDEX IF EXISTS ledger_by_rev;

-- Only causes that name what they belong to are asked for; the others, of nearly all marks, need no entry.
DROP INDEX dirty_by_cause;
CREATE INDEX dirty_by_cause ON dirty (cause) WHERE instr(cause, ' ') > 0;

-- How many twins of a connection are in each state, kept by triggers: whoever asks reads no twins. A statement that leaves
-- state and connection alone does not touch it.
CREATE TABLE twin_tally (
    connection TEXT NOT NULL, state TEXT NOT NULL, twins INTEGER NOT NULL,
    PRIMARY KEY (connection, state)
) STRICT, WITHOUT ROWID;
INSERT INTO twin_tally (connection, state, twins) SELECT connection, state, count(*) FROM twins GROUP BY connection, state;
CREATE TRIGGER twins_tally_comes AFTER INSERT ON twins BEGIN
    INSERT INTO twin_tally (connection, state, twins) SELECT new.connection, new.state, 0
        WHERE NOT EXISTS (SELECT 1 FROM twin_tally WHERE connection = new.connection AND state = new.state);
    UPDATE twin_tally SET twins = twins + 1 WHERE connection = new.connection AND state = new.state;
END;
CREATE TRIGGER twins_tally_changes AFTER UPDATE OF connection, state ON twins BEGIN
    INSERT INTO twin_tally (connection, state, twins) SELECT new.connection, new.state, 0
        WHERE NOT EXISTS (SELECT 1 FROM twin_tally WHERE connection = new.connection AND state = new.state);
    UPDATE twin_tally SET twins = twins - 1 WHERE connection = old.connection AND state = old.state;
    UPDATE twin_tally SET twins = twins + 1 WHERE connection = new.connection AND state = new.state;
END;
CREATE TRIGGER twins_tally_goes AFTER DELETE ON twins BEGIN
    UPDATE twin_tally SET twins = twins - 1 WHERE connection = old.connection AND state = old.state;
END;
