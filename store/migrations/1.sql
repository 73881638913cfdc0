-- Version 1. Instants are nanoseconds since 1970 UTC, dates days since 1970,
-- money and conversions millionths; 0 stands for "no instant".
--
-- k packs what a figure is about, time first, because polling appends in time:
--   slot key  (date*64 + ordinal) << 24 | entity   ordinal 0..24 an hour, 63 the day
--   day key    date               << 24 | entity
-- A metric that is not in has is stored as 0.

CREATE TABLE seq (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	n   INTEGER NOT NULL
) STRICT;
INSERT INTO seq VALUES (1, 0);

-- A feed is one account of one configured source; account '' stands for the
-- source as a whole (its accounts could not be listed).
CREATE TABLE feed (
	id      INTEGER PRIMARY KEY,
	source  TEXT NOT NULL,
	account TEXT NOT NULL,
	UNIQUE (source, account)
) STRICT;

CREATE TABLE account_version (
	feed     INTEGER NOT NULL REFERENCES feed,
	at       INTEGER NOT NULL,
	type     TEXT NOT NULL,
	name     TEXT NOT NULL,
	currency TEXT NOT NULL,
	zone     TEXT NOT NULL,
	PRIMARY KEY (feed, at)
) STRICT, WITHOUT ROWID;

-- What the source wants to be handed back at the next poll.
CREATE TABLE cursor (
	feed  INTEGER PRIMARY KEY REFERENCES feed,
	at    INTEGER NOT NULL,
	state BLOB
) STRICT;

CREATE TABLE poll (
	id               INTEGER PRIMARY KEY,
	feed             INTEGER NOT NULL REFERENCES feed,
	at               INTEGER NOT NULL,
	from_day         INTEGER NOT NULL,
	to_day           INTEGER NOT NULL,
	level            INTEGER NOT NULL,
	grain            INTEGER NOT NULL,
	breakdown        TEXT NOT NULL,
	complete_through INTEGER NOT NULL,
	kind             INTEGER NOT NULL, -- 0: a good poll
	message          TEXT NOT NULL,
	next             TEXT NOT NULL,
	retry_after      INTEGER NOT NULL, -- nanoseconds
	warnings         TEXT,             -- JSON array, NULL when there are none
	quota_used       REAL NOT NULL,
	quota_scope      TEXT NOT NULL,
	changed          INTEGER NOT NULL
) STRICT;
CREATE INDEX poll_feed ON poll (feed, at);
CREATE INDEX poll_at ON poll (at);

-- The identity of an entity. dimension is the breakdown that was asked for,
-- breakdown the value of it.
CREATE TABLE entity (
	id          INTEGER PRIMARY KEY,
	feed        INTEGER NOT NULL REFERENCES feed,
	level       INTEGER NOT NULL,
	dimension   TEXT NOT NULL,
	platform_id TEXT NOT NULL,
	breakdown   TEXT NOT NULL,
	attribution TEXT NOT NULL,
	action      TEXT NOT NULL,
	UNIQUE (feed, level, dimension, platform_id, breakdown, attribution, action)
) STRICT;

CREATE TABLE entity_version (
	entity INTEGER NOT NULL REFERENCES entity,
	at     INTEGER NOT NULL,
	name   TEXT NOT NULL,
	status TEXT NOT NULL,
	parent TEXT NOT NULL,
	PRIMARY KEY (entity, at)
) STRICT, WITHOUT ROWID;

-- The newest version of every slot, and the versions that it superseded. A
-- version moves from latest to obs when it is superseded and is never changed
-- there: together they are the append-only history. Thinning touches obs only.
CREATE TABLE latest (
	k           INTEGER PRIMARY KEY,
	at          INTEGER NOT NULL,
	has         INTEGER NOT NULL,
	impressions INTEGER NOT NULL,
	clicks      INTEGER NOT NULL,
	cost        INTEGER NOT NULL,
	conversions INTEGER NOT NULL,
	revenue     INTEGER NOT NULL
);
CREATE TABLE obs (
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
CREATE VIEW version AS SELECT * FROM obs UNION ALL SELECT * FROM latest;

-- The newest total of every entity and day (k is a day key): its day slot where
-- there is one (whole = 1), else the sum of its hours. at is that of its newest
-- part.
CREATE TABLE entity_day (
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

CREATE TABLE event (
	id          INTEGER PRIMARY KEY,
	feed        INTEGER NOT NULL REFERENCES feed,
	platform_id TEXT NOT NULL,
	UNIQUE (feed, platform_id)
) STRICT;

-- k is the hour slot that the event counts in while this version holds.
CREATE TABLE event_version (
	event     INTEGER NOT NULL REFERENCES event,
	at        INTEGER NOT NULL,
	k         INTEGER NOT NULL,
	kind      TEXT NOT NULL,
	time      INTEGER NOT NULL,
	status    INTEGER NOT NULL,
	value     INTEGER NOT NULL,
	currency  TEXT NOT NULL,
	refunded  INTEGER NOT NULL,
	tax       INTEGER NOT NULL,
	shipping  INTEGER NOT NULL,
	key       TEXT NOT NULL,
	click_id  TEXT NOT NULL,
	is_new    INTEGER NOT NULL,
	PRIMARY KEY (event, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_version_k ON event_version (k);

CREATE TABLE rate (
	from_currency TEXT NOT NULL,
	to_currency   TEXT NOT NULL,
	date          INTEGER NOT NULL,
	at            INTEGER NOT NULL,
	rate          INTEGER NOT NULL, -- millionths of a millionth
	origin        TEXT NOT NULL,
	PRIMARY KEY (from_currency, to_currency, date, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE channel (
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE evaluation (
	channel INTEGER NOT NULL REFERENCES channel,
	at      INTEGER NOT NULL,
	p       REAL NOT NULL,
	known   INTEGER NOT NULL,
	verdict TEXT NOT NULL,
	reason  TEXT NOT NULL,
	model   TEXT NOT NULL,
	config  TEXT NOT NULL,
	detail  BLOB,
	UNIQUE (channel, at)
) STRICT;

CREATE TABLE alert (
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE alert_version (
	alert    INTEGER NOT NULL REFERENCES alert,
	at       INTEGER NOT NULL,
	rule     TEXT NOT NULL,
	subject  TEXT NOT NULL,
	severity TEXT NOT NULL,
	state    TEXT NOT NULL,
	since    INTEGER NOT NULL,
	fired_at INTEGER NOT NULL,
	ended_at INTEGER NOT NULL,
	acked_by TEXT NOT NULL,
	ack_note TEXT NOT NULL,
	acked_at INTEGER NOT NULL,
	summary  TEXT NOT NULL,
	detail   BLOB,
	UNIQUE (alert, at)
) STRICT;

-- AUTOINCREMENT, so that the id of an answered command is never given again.
CREATE TABLE inbox (
	id   INTEGER PRIMARY KEY AUTOINCREMENT,
	at   INTEGER NOT NULL,
	verb TEXT NOT NULL,
	args TEXT NOT NULL, -- JSON object
	by   TEXT NOT NULL
) STRICT;

CREATE TABLE setting (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
