-- A connection's twins are paged by id, and groups of held-back or sleeping ones too, without reading any others; what a
-- backfill has waiting is counted without reading the whole queue. Nobody asks any more what is due by lane.
DROP INDEX twins_by_state;
CREATE INDEX twins_by_connection ON twins (connection, link);
CREATE INDEX twins_by_cause ON twins (connection, state, cause, link) WHERE cause IS NOT NULL;
DROP INDEX dirty_by_due;
CREATE INDEX dirty_by_cause ON dirty (cause);
