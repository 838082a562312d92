-- The weights of nodes and of the whole inbox are written once for many deliveries: they account for deliveries up to
-- this number. What is above it is added up when the file is opened.
CREATE TABLE counted (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL
) STRICT;
INSERT INTO counted (one, seq) SELECT 1, coalesce(max(seq), 0) FROM deliveries;
