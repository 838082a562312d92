-- What waits is read node by node and lane by lane, in the order of its first marking.
CREATE INDEX dirty_by_line ON dirty (lane, node);
