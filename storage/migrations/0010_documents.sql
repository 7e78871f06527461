-- Settings of the tenant that have no table of their own: one sealed JSON object each.
-- id is "kind key".
CREATE TABLE documents (
	id TEXT PRIMARY KEY,
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	body BYTEA NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	version BIGINT NOT NULL
);
CREATE INDEX documents_kind ON documents (kind, created_at, id);
