-- Version 4. Polls of accounts' own totals (level 1) are beside those of
-- campaigns, as those of ad groups (3) and ads (4) are.
DROP INDEX poll_changed;
DROP INDEX poll_inside;
CREATE INDEX poll_changed ON poll (at) WHERE changed > 0 AND level NOT IN (1, 3, 4);
CREATE INDEX poll_inside ON poll (feed, level, parent, at) WHERE level IN (1, 3, 4);
