-- Groups that were joined to others keep a row, so that nobody owns them again, and are none any more.
CREATE OR REPLACE VIEW twinline.fleet_groups AS
    SELECT g.grp, g.machine, g.epoch >> 47 AS generation, g.epoch & 140737488355327 AS revision, g.complete,
           g.state_at, now() - g.state_at AS age
    FROM twinline.groups g WHERE g.epoch < 9223372036854775807;
