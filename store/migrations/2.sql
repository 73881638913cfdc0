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
