-- Work that a caller asked for and that is done beside requests. slot is one of the few
-- places that jobs of a type have while they are not done, so no more of them are at work.
CREATE TABLE jobs (
	id TEXT PRIMARY KEY,
	type TEXT NOT NULL,
	slot TEXT UNIQUE,
	body BYTEA NOT NULL,
	leased_until BIGINT,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	version BIGINT NOT NULL
);
CREATE INDEX jobs_expiry ON jobs (expires_at);

-- What a job reads and writes, in pieces. id is "job kind number".
CREATE TABLE job_parts (
	id TEXT PRIMARY KEY,
	job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
	kind TEXT NOT NULL,
	number BIGINT NOT NULL,
	body BYTEA,
	created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX job_parts_order ON job_parts (job_id, kind, number);
