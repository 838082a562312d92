-- Comments of a twin that were seen and knowingly not written, with the reason: a JSON object by node and comment.
ALTER TABLE twins ADD COLUMN comments_waived TEXT NOT NULL DEFAULT '{}';
