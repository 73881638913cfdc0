-- Version 5. A part holds results of new, of returning or of unknown customers, so
-- that a channel's share of each is a sum like any other.
CREATE TABLE part_by_customer (
	id       INTEGER PRIMARY KEY,
	feed     INTEGER NOT NULL REFERENCES feed,
	channel  TEXT NOT NULL,
	fields   INTEGER NOT NULL,
	customer TEXT NOT NULL, -- '' where nobody knows
	UNIQUE (feed, channel, fields, customer)
) STRICT;
INSERT INTO part_by_customer SELECT id, feed, channel, fields, '' FROM part;
DROP TABLE part;
ALTER TABLE part_by_customer RENAME TO part;
