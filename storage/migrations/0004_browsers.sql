-- Browsers in which a person was remembered after a second factor.
CREATE TABLE browsers (
	id TEXT PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	key BYTEA NOT NULL,
	old_key BYTEA,
	device BYTEA NOT NULL,
	user_agent TEXT NOT NULL,
	address TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	rotated_at BIGINT NOT NULL,
	last_used_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX browsers_user ON browsers (user_id);
CREATE INDEX browsers_expiry ON browsers (expires_at);
