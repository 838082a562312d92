-- What waits is read node by node and lane by lane, in the order of its first marking.
CREATE INDEX dirty_by_line ON dirty (lane, node);

-- What was lost in a restore is a fact of the group: who takes it over must know of it. So its row is stamped and
-- replicated like every other.
ALTER TABLE restores RENAME TO restores_before;
CREATE TABLE restores (
    grp TEXT PRIMARY KEY,
    state_at INTEGER NOT NULL, restored_at INTEGER NOT NULL,
    epoch INTEGER NOT NULL, rev INTEGER NOT NULL
) STRICT;
UPDATE meta SET rev = rev + 1;
INSERT INTO restores (grp, state_at, restored_at, epoch, rev)
    SELECT r.grp, r.state_at, r.restored_at, m.epoch, m.rev FROM restores_before r, meta m;
DROP TABLE restores_before;

-- Which comments a script has asked for already is kept with the base; this was never written.
DROP TABLE script_comments;

-- Ended twins by age: the comment links of their clusters are forgotten some time after the last one.
CREATE INDEX twins_ended ON twins (state_since) WHERE state = 'unlinked';
