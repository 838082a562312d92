-- Which file is a copy of which, across a cluster: as with comments, a copy is on an item, and the original's item and the
-- item that the copy came from are kept with it. `reason`: why the tracker did not take it. `tried`: when it was
-- planned last.
CREATE TABLE attachment_links (
    root TEXT NOT NULL,
    origin_node TEXT NOT NULL, origin_item TEXT NOT NULL, origin TEXT NOT NULL,
    node TEXT NOT NULL, item TEXT NOT NULL, attachment TEXT NOT NULL,
    parent TEXT NOT NULL, parent_item TEXT NOT NULL,
    state TEXT NOT NULL, reason TEXT NOT NULL, tried INTEGER NOT NULL,
    grp TEXT NOT NULL, epoch INTEGER NOT NULL, rev INTEGER NOT NULL,
    PRIMARY KEY (root, origin_node, origin, node, item)
) STRICT;
