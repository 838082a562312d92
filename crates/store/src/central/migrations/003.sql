-- When the state was its owner's newest, by this server's clock: how old it is can be told then, whatever the wall clocks of
-- the machines show.
ALTER TABLE twinline.groups ADD COLUMN measured_at timestamptz;

-- What people did to the fleet's machines, and where groups are wanted: of no group's audit.
-- id: given by who did it, so that it is noted once however often it is sent.
CREATE TABLE twinline.deeds (
    seq     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id      text NOT NULL UNIQUE,
    at      timestamptz NOT NULL,
    who     text NOT NULL,
    action  text NOT NULL,
    subject text NOT NULL,
    -- Its particulars, as JSON.
    detail  text NOT NULL
);
CREATE INDEX deeds_by_age ON twinline.deeds (at);
