-- What is to be sent: the row is claimed before anything leaves, so that nothing is
-- sent twice, whatever happens in between.
CREATE TABLE messages (
	id TEXT PRIMARY KEY,
	channel TEXT NOT NULL,
	payload BYTEA,
	state TEXT NOT NULL,
	attempts BIGINT NOT NULL,
	due_at BIGINT NOT NULL,
	claimed_at BIGINT,
	expires_at BIGINT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX messages_due ON messages (due_at) WHERE state = 'waiting';
CREATE INDEX messages_claimed ON messages (claimed_at) WHERE state = 'sending';
CREATE INDEX messages_expiry ON messages (expires_at);

-- Authenticators with the same link belong together: a number that takes texts and
-- calls, a phone that takes questions and shows codes.
ALTER TABLE authenticators ADD COLUMN link TEXT;
