-- Times are microseconds since 1970 UTC. Lists and structures are JSON in TEXT.

CREATE TABLE users (
	id TEXT PRIMARY KEY,
	username TEXT NOT NULL,
	username_key TEXT NOT NULL UNIQUE,
	email TEXT NOT NULL,
	email_key TEXT UNIQUE,
	email_verified BOOLEAN NOT NULL,
	name TEXT NOT NULL,
	given_name TEXT NOT NULL,
	family_name TEXT NOT NULL,
	middle_name TEXT NOT NULL,
	nickname TEXT NOT NULL,
	preferred_username TEXT NOT NULL,
	profile TEXT NOT NULL,
	picture TEXT NOT NULL,
	website TEXT NOT NULL,
	gender TEXT NOT NULL,
	birthdate TEXT NOT NULL,
	zoneinfo TEXT NOT NULL,
	locale TEXT NOT NULL,
	phone_number TEXT NOT NULL,
	phone_number_verified BOOLEAN NOT NULL,
	address TEXT,
	user_metadata TEXT,
	app_metadata TEXT,
	blocked BOOLEAN NOT NULL,
	password_expired BOOLEAN NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	version BIGINT NOT NULL
);

CREATE TABLE deleted_users (
	id TEXT PRIMARY KEY,
	deleted_at BIGINT NOT NULL
);

CREATE TABLE clients (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	secrets TEXT,
	metadata TEXT NOT NULL,
	settings TEXT NOT NULL,
	disabled BOOLEAN NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	version BIGINT NOT NULL
);

CREATE TABLE apis (
	audience TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	scopes TEXT,
	token_format TEXT NOT NULL,
	token_ttl BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);

CREATE TABLE sessions (
	id TEXT PRIMARY KEY,
	key BYTEA NOT NULL UNIQUE,
	user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	proofs TEXT,
	auth_time BIGINT NOT NULL,
	user_agent TEXT NOT NULL,
	address TEXT NOT NULL,
	clients TEXT,
	created_at BIGINT NOT NULL,
	last_seen_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	ended_at BIGINT,
	version BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE logins (
	id TEXT PRIMARY KEY,
	key BYTEA NOT NULL,
	user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
	state BYTEA,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	done_at BIGINT,
	version BIGINT NOT NULL
);
CREATE INDEX logins_user ON logins (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX logins_expiry ON logins (expires_at);

CREATE TABLE authenticators (
	id TEXT PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	factor TEXT NOT NULL,
	handle TEXT,
	label TEXT NOT NULL,
	secret BYTEA,
	counter BIGINT NOT NULL,
	login_id TEXT,
	failures BIGINT NOT NULL,
	disabled_at BIGINT,
	created_at BIGINT NOT NULL,
	confirmed_at BIGINT,
	last_used_at BIGINT,
	version BIGINT NOT NULL
);
CREATE INDEX authenticators_user ON authenticators (user_id);
CREATE UNIQUE INDEX authenticators_handle ON authenticators (factor, handle) WHERE handle IS NOT NULL;
CREATE INDEX authenticators_pending ON authenticators (created_at) WHERE confirmed_at IS NULL;

-- No reference to users: the hottest table pays for none, and a grant whose user is
-- gone is worth nothing (see GrantWithUser).
CREATE TABLE grants (
	key BYTEA PRIMARY KEY,
	kind TEXT NOT NULL,
	request_id TEXT NOT NULL,
	client_id TEXT NOT NULL,
	user_id TEXT,
	session_id TEXT,
	active BOOLEAN NOT NULL,
	used_at BIGINT,
	uses BIGINT NOT NULL,
	data BYTEA,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX grants_request ON grants (request_id);
CREATE INDEX grants_client ON grants (client_id);
CREATE INDEX grants_user ON grants (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX grants_session ON grants (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX grants_expiry ON grants (expires_at);

CREATE TABLE signing_keys (
	id TEXT PRIMARY KEY,
	alg TEXT NOT NULL,
	private BYTEA NOT NULL,
	created_at BIGINT NOT NULL,
	not_before BIGINT NOT NULL,
	retired_at BIGINT,
	expires_at BIGINT
);

CREATE TABLE consents (
	user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	client_id TEXT NOT NULL,
	scopes TEXT,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	PRIMARY KEY (user_id, client_id)
);
CREATE INDEX consents_client ON consents (client_id);

CREATE TABLE events (
	id TEXT PRIMARY KEY,
	at BIGINT NOT NULL,
	type TEXT NOT NULL,
	actor TEXT NOT NULL,
	user_id TEXT,
	client_id TEXT,
	address TEXT NOT NULL,
	data TEXT
);
CREATE INDEX events_user ON events (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX events_client ON events (client_id, id) WHERE client_id IS NOT NULL;
CREATE INDEX events_type ON events (type, id);

CREATE TABLE tickets (
	key BYTEA PRIMARY KEY,
	kind TEXT NOT NULL,
	user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	data BYTEA,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at BIGINT
);
CREATE INDEX tickets_user ON tickets (user_id);
CREATE INDEX tickets_expiry ON tickets (expires_at);

CREATE TABLE limits (
	key TEXT PRIMARY KEY,
	tat BIGINT NOT NULL,
	period BIGINT NOT NULL,
	burst BIGINT NOT NULL
);
CREATE INDEX limits_tat ON limits (tat);

CREATE TABLE settings (
	id TEXT PRIMARY KEY,
	value TEXT NOT NULL
);
