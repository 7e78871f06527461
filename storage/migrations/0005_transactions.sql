-- Questions that are open at a device: one at each authenticator, found by the hash of
-- what the device answers with.
CREATE TABLE transactions (
	authenticator_id TEXT PRIMARY KEY REFERENCES authenticators (id) ON DELETE CASCADE,
	key BYTEA NOT NULL UNIQUE,
	login_id TEXT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX transactions_expiry ON transactions (expires_at);

-- Linked authenticators are removed together.
CREATE INDEX authenticators_link ON authenticators (link) WHERE link IS NOT NULL;
