-- What is known of where and with what a person signed in before, written after full
-- success alone.
CREATE TABLE histories (
	id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
	logins BIGINT NOT NULL,
	data BYTEA,
	updated_at BIGINT NOT NULL
);

-- Why sign-ins went as they did: kept as long as the retention setting says.
CREATE TABLE decisions (
	id TEXT PRIMARY KEY,
	at BIGINT NOT NULL,
	user_id TEXT,
	client_id TEXT,
	outcome TEXT NOT NULL,
	data BYTEA,
	expires_at BIGINT NOT NULL
);
CREATE INDEX decisions_at ON decisions (at);
CREATE INDEX decisions_user ON decisions (user_id);
CREATE INDEX decisions_expiry ON decisions (expires_at);
