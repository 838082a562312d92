-- The first revision of the step that brought a group in; the row's own is the last. They go to the replica as a whole.
ALTER TABLE absorbed ADD COLUMN since INTEGER NOT NULL DEFAULT 9223372036854775807;
