-- Rules and actions, with every text that they ever had. latest is the number of the
-- last one: it is counted here, so that two that are stored at once follow each other.
CREATE TABLE scripts (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	kind TEXT NOT NULL,
	position BIGINT NOT NULL,
	enabled BOOLEAN NOT NULL,
	deployed BIGINT NOT NULL,
	secrets BYTEA,
	latest BIGINT NOT NULL DEFAULT 0,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	version BIGINT NOT NULL
);

CREATE TABLE script_versions (
	script_id TEXT NOT NULL REFERENCES scripts (id) ON DELETE CASCADE,
	number BIGINT NOT NULL,
	source TEXT NOT NULL,
	author TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (script_id, number)
);
