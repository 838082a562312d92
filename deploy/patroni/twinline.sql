-- What a fleet needs in PostgreSQL: once, on the leader, as the superuser:
--   psql --file=deploy/patroni/twinline.sql --variable=password="$(cat central.password)"
-- Twinline makes everything else itself, in the schema "twinline".
CREATE ROLE twinline LOGIN PASSWORD :'password';
CREATE DATABASE twinline OWNER twinline ENCODING 'UTF8' TEMPLATE template0;
-- A commit proves nothing where it is not synchronous; Twinline sets it for its sessions too.
ALTER ROLE twinline SET synchronous_commit = 'on';
