-- Version 2. Instants are milliseconds since 1970 UTC: two bytes less each.
UPDATE OR REPLACE account_version SET at = at / 1000000;
UPDATE cursor SET at = at / 1000000;
UPDATE poll SET at = at / 1000000, complete_through = complete_through / 1000000;
UPDATE OR REPLACE entity_version SET at = at / 1000000;
UPDATE OR REPLACE event_version SET at = at / 1000000, time = time / 1000000;
UPDATE OR REPLACE rate SET at = at / 1000000;
UPDATE OR REPLACE evaluation SET at = at / 1000000;
UPDATE OR REPLACE alert_version SET at = at / 1000000, since = since / 1000000, fired_at = fired_at / 1000000,
	ended_at = ended_at / 1000000, acked_at = acked_at / 1000000;
UPDATE inbox SET at = at / 1000000;

-- Hours and days stand apart, each with its own history, and every
-- channel's part in an account is summed by hour and by day.
--
-- Everywhere k is the slot key of version 1, of an entity or of a part; the
-- ordinal 63 is the day. A table's newest versions stand beside those that
-- they superseded (…_past): together they are the append-only history.

ALTER TABLE seq ADD COLUMN entities INTEGER NOT NULL DEFAULT 0; -- n when an entity was last new or renamed

CREATE TABLE hour (
	k           INTEGER PRIMARY KEY,
	at          INTEGER NOT NULL,
	has         INTEGER NOT NULL,
	impressions INTEGER NOT NULL,
	clicks      INTEGER NOT NULL,
	cost        INTEGER NOT NULL,
	conversions INTEGER NOT NULL,
	revenue     INTEGER NOT NULL
);
-- In the order of supersession within a date, because polls append in it.
-- k is date << 30 | slot.
CREATE TABLE hour_past (
	date        INTEGER NOT NULL,
	until       INTEGER NOT NULL, -- when it was superseded
	slot        INTEGER NOT NULL,
	at          INTEGER NOT NULL,
	has         INTEGER NOT NULL,
	impressions INTEGER NOT NULL,
	clicks      INTEGER NOT NULL,
	cost        INTEGER NOT NULL,
	conversions INTEGER NOT NULL,
	revenue     INTEGER NOT NULL,
	PRIMARY KEY (date, until, slot)
) WITHOUT ROWID;

-- The total of an entity and day: as the source reported the whole day
-- (whole = 1), else the sum of its hours.
CREATE TABLE day (
	k           INTEGER PRIMARY KEY,
	at          INTEGER NOT NULL,
	whole       INTEGER NOT NULL,
	has         INTEGER NOT NULL,
	impressions INTEGER NOT NULL,
	clicks      INTEGER NOT NULL,
	cost        INTEGER NOT NULL,
	conversions INTEGER NOT NULL,
	revenue     INTEGER NOT NULL
);
CREATE TABLE day_past (
	k           INTEGER NOT NULL,
	at          INTEGER NOT NULL,
	whole       INTEGER NOT NULL,
	has         INTEGER NOT NULL,
	impressions INTEGER NOT NULL,
	clicks      INTEGER NOT NULL,
	cost        INTEGER NOT NULL,
	conversions INTEGER NOT NULL,
	revenue     INTEGER NOT NULL,
	PRIMARY KEY (k, at)
) WITHOUT ROWID;

-- A part is what one account brings to one channel: some fields of some of its
-- entities. Channel '' collects what no channel claims.
CREATE TABLE part (
	id      INTEGER PRIMARY KEY,
	feed    INTEGER NOT NULL REFERENCES feed,
	channel TEXT NOT NULL,
	fields  INTEGER NOT NULL,
	UNIQUE (feed, channel, fields)
) STRICT;
ALTER TABLE entity ADD COLUMN part INTEGER NOT NULL DEFAULT 0; -- 0: counts nowhere
CREATE TABLE part_sum (
	k           INTEGER PRIMARY KEY,
	at          INTEGER NOT NULL,
	has         INTEGER NOT NULL,
	impressions INTEGER NOT NULL,
	clicks      INTEGER NOT NULL,
	cost        INTEGER NOT NULL,
	conversions INTEGER NOT NULL,
	revenue     INTEGER NOT NULL
);
CREATE TABLE part_sum_past (
	k           INTEGER NOT NULL,
	at          INTEGER NOT NULL,
	has         INTEGER NOT NULL,
	impressions INTEGER NOT NULL,
	clicks      INTEGER NOT NULL,
	cost        INTEGER NOT NULL,
	conversions INTEGER NOT NULL,
	revenue     INTEGER NOT NULL,
	PRIMARY KEY (k, at)
) WITHOUT ROWID;
-- Dates whose sums (of days by hours, and of parts) are to be made anew;
-- until then reads add up the slots themselves.
CREATE TABLE unsummed (
	date INTEGER NOT NULL,
	feed INTEGER NOT NULL REFERENCES feed,
	PRIMARY KEY (date, feed)
) STRICT, WITHOUT ROWID;

-- Instants before until are answered as of the last multiple of width. Width 0: they are answered as of until, and hours of dates
-- before it are gone.
CREATE TABLE resolution (
	width INTEGER PRIMARY KEY,
	until INTEGER NOT NULL
) STRICT;

-- How far thinning has gone in a table, as an instant of supersession.
CREATE TABLE thinned (
	name  TEXT NOT NULL,
	width INTEGER NOT NULL,
	until INTEGER NOT NULL,
	PRIMARY KEY (name, width)
) STRICT, WITHOUT ROWID;

CREATE TABLE silence (
	id       TEXT NOT NULL,
	at       INTEGER NOT NULL,
	matchers TEXT NOT NULL, -- JSON object
	starts   INTEGER NOT NULL,
	ends     INTEGER NOT NULL,
	by       TEXT NOT NULL,
	note     TEXT NOT NULL,
	PRIMARY KEY (id, at)
) STRICT, WITHOUT ROWID;

INSERT INTO hour SELECT k, at / 1000000, has, impressions, clicks, cost, conversions, revenue FROM latest WHERE (k >> 24) & 63 <> 63;
INSERT OR REPLACE INTO hour_past
	SELECT k >> 30, until / 1000000, k & 0x3FFFFFFF, at / 1000000, has, impressions, clicks, cost, conversions, revenue
	FROM (SELECT *, coalesce(lead(at) OVER (PARTITION BY k ORDER BY at), (SELECT at FROM latest WHERE k = obs.k)) AS until
		FROM obs WHERE (k >> 24) & 63 <> 63)
	ORDER BY 1, 2, 3;
INSERT INTO day SELECT ((k >> 24) * 64 + 63) << 24 | (k & 0xFFFFFF), at / 1000000, whole, has, impressions, clicks, cost, conversions, revenue FROM entity_day;
INSERT INTO day_past SELECT k, at / 1000000, 1, has, impressions, clicks, cost, conversions, revenue FROM obs WHERE (k >> 24) & 63 = 63;
INSERT INTO unsummed SELECT DISTINCT day.k >> 30, feed FROM day JOIN entity ON entity.id = (day.k & 0xFFFFFF);
DROP VIEW version;
DROP TABLE obs;
DROP TABLE latest;
DROP TABLE entity_day;
