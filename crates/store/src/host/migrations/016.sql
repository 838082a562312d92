-- Which items a backfill has listed, so that each is handed on and counted once; the side's node is the job's. Known in this
-- file only, and forgotten when the backfill has ended.
CREATE TABLE listed (
    job TEXT NOT NULL, item TEXT NOT NULL,
    PRIMARY KEY (job, item)
) STRICT, WITHOUT ROWID;
