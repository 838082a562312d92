-- A mirror is on an item and not only on a node, of which a cluster may have several items. The original's item and the
-- item that the mirror came from are kept with it. Rows of an earlier version have '' for all three.
ALTER TABLE comment_links RENAME TO comment_links_before;
CREATE TABLE comment_links (
    root TEXT NOT NULL,
    origin_node TEXT NOT NULL, origin_item TEXT NOT NULL DEFAULT '', origin TEXT NOT NULL,
    node TEXT NOT NULL, item TEXT NOT NULL DEFAULT '', comment TEXT NOT NULL,
    parent TEXT NOT NULL, parent_item TEXT NOT NULL DEFAULT '',
    revision TEXT NOT NULL, state TEXT NOT NULL,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL,
    PRIMARY KEY (root, origin_node, origin, node, item)
) STRICT;
INSERT INTO comment_links (root, origin_node, origin, node, comment, parent, revision, state, grp, epoch, rev)
    SELECT root, origin_node, origin, node, comment, parent, revision, state, grp, epoch, rev FROM comment_links_before;
DROP TABLE comment_links_before;

-- The keys have changed, which no change of a row tells: a replica is copied anew.
UPDATE meta SET rev = rev + 1;
UPDATE replication SET pruned = (SELECT rev FROM meta) WHERE pruned < 9223372036854775807;
