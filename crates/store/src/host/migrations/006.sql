-- The inbox that an edge's cursor counts in; empty: it was stored before inboxes had an identity.
ALTER TABLE edge_cursors ADD COLUMN inbox TEXT NOT NULL DEFAULT '';
