-- Tells this file from every other one: where a host stands counts in one inbox and in no other.
CREATE TABLE identity (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id  TEXT    NOT NULL
) STRICT;
-- Untaken deliveries are never dropped: there is nothing to be alerted to.
DROP TABLE alerts;
