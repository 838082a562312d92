-- A node whose share is full makes room among its own deliveries: they are found by node, oldest first.
CREATE INDEX deliveries_by_node ON deliveries (node_id);
-- Secrets and options are the edge's own: nothing was ever read from here.
ALTER TABLE nodes DROP COLUMN verifier;
