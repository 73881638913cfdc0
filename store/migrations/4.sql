-- Version 4. Polls of accounts' own totals (level 1), of breakdowns and of
-- impression shares are beside those of campaigns, as those of ad groups (3) and
-- ads (4) are.
DROP INDEX poll_changed;
DROP INDEX poll_inside;
CREATE INDEX poll_changed ON poll (at) WHERE changed > 0 AND level NOT IN (1, 3, 4) AND breakdown = '';
CREATE INDEX poll_inside ON poll (feed, level, breakdown, parent, at) WHERE level IN (1, 3, 4) OR breakdown <> '';

-- Impression shares of campaigns by day, in versions. bound is 0 for the share
-- itself, 1 where the true one is below it, 2 where it is above. known is 0 from
-- when it was told no more.
CREATE TABLE share (
	entity      INTEGER NOT NULL REFERENCES entity,
	date        INTEGER NOT NULL,
	at          INTEGER NOT NULL,
	impressions INTEGER NOT NULL,
	share       REAL NOT NULL,
	bound       INTEGER NOT NULL,
	known       INTEGER NOT NULL,
	PRIMARY KEY (entity, date, at)
) STRICT, WITHOUT ROWID;
