-- What replication to the central database needs to know of this file. Both tables stay empty without one.

-- The newest deletion of each key, kept until the replica certainly has it.
CREATE TABLE tombstones (
    tbl TEXT NOT NULL, key TEXT NOT NULL,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL,
    PRIMARY KEY (tbl, key)
) STRICT;
CREATE INDEX tombstones_by_rev ON tombstones (rev);

-- writer: tells this file from every other one that may hold the group.
-- base_epoch: the replica's epoch that the file was made from; NULL: it was not made from the replica.
-- pruned: deletions up to here may be forgotten, those after it are all kept.
CREATE TABLE replication (
    grp TEXT PRIMARY KEY,
    writer TEXT NOT NULL, base_epoch INTEGER, pruned INTEGER NOT NULL
) STRICT;
