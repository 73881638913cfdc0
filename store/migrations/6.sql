-- Version 6. What every target was told of every group of alerts: the state, in
-- JSON, from which it is decided what to tell next.
CREATE TABLE told (
	target TEXT NOT NULL,
	key    TEXT NOT NULL,
	state  BLOB NOT NULL,
	PRIMARY KEY (target, key)
) STRICT, WITHOUT ROWID;

-- The messages to deliver, and what became of them: state is 0 while a message
-- waits, 1 when it was delivered, 2 when the target refused it, 3 when it was
-- given up. alerts are the names of what it tells of. failed and tried are the
-- first failed attempt and the last attempt, 0 for none; next is when to try again.
CREATE TABLE delivery (
	id       INTEGER PRIMARY KEY,
	target   TEXT NOT NULL,
	event    TEXT NOT NULL,
	key      TEXT NOT NULL,
	at       INTEGER NOT NULL,
	kind     TEXT NOT NULL,
	severity TEXT NOT NULL,
	title    TEXT NOT NULL,
	alerts   TEXT NOT NULL,
	message  BLOB,
	state    INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	next     INTEGER NOT NULL,
	failed   INTEGER NOT NULL,
	tried    INTEGER NOT NULL,
	error    TEXT NOT NULL,
	UNIQUE (target, event)
) STRICT;
CREATE INDEX delivery_waiting ON delivery (target, key, id) WHERE state = 0;
CREATE INDEX delivery_at ON delivery (at);
CREATE INDEX delivery_tried ON delivery (target, state, tried);
