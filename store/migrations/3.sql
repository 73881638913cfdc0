-- Version 3. What was asked of one campaign or ad group alone is told apart by
-- parent; expires is when the access of a source ends, 0 where nobody said.
ALTER TABLE poll ADD COLUMN parent TEXT NOT NULL DEFAULT '';
ALTER TABLE poll ADD COLUMN expires INTEGER NOT NULL DEFAULT 0;
-- The polls after which something else was known, but for ad groups (3) and ads (4).
CREATE INDEX poll_changed ON poll (at) WHERE changed > 0 AND level NOT IN (3, 4);
CREATE INDEX poll_inside ON poll (feed, level, parent, at) WHERE level IN (3, 4);

-- What people wrote on a date of a channel, '' for all of them.
CREATE TABLE note (
	id      TEXT NOT NULL,
	at      INTEGER NOT NULL,
	channel TEXT NOT NULL,
	date    INTEGER NOT NULL,
	text    TEXT NOT NULL,
	by      TEXT NOT NULL,
	removed INTEGER NOT NULL,
	PRIMARY KEY (id, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX note_date ON note (date);
