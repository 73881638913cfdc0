-- Version 7. What partners are owed for an event, parts whose results are pending,
-- which count at the rate at which they are approved, and what senders of postbacks
-- said.
ALTER TABLE event_version ADD COLUMN cost INTEGER NOT NULL DEFAULT 0;

CREATE TABLE part_apart (
	id       INTEGER PRIMARY KEY,
	feed     INTEGER NOT NULL REFERENCES feed,
	channel  TEXT NOT NULL,
	fields   INTEGER NOT NULL,
	customer TEXT NOT NULL, -- '' where nobody knows
	pending  INTEGER NOT NULL DEFAULT 0,
	UNIQUE (feed, channel, fields, customer, pending)
) STRICT;
INSERT INTO part_apart (id, feed, channel, fields, customer) SELECT id, feed, channel, fields, customer FROM part;
DROP TABLE part;
ALTER TABLE part_apart RENAME TO part;

CREATE TABLE message (
	id   INTEGER PRIMARY KEY,
	feed INTEGER NOT NULL REFERENCES feed,
	at   INTEGER NOT NULL,
	text TEXT NOT NULL
) STRICT;
