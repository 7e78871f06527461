-- What people are, for conditions of policies and for scripts: JSON lists.
ALTER TABLE users ADD COLUMN roles TEXT;
ALTER TABLE users ADD COLUMN "groups" TEXT;

-- Customers of a business, whose people sign in to them.
CREATE TABLE organizations (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	display_name TEXT NOT NULL,
	metadata TEXT,
	policy TEXT NOT NULL,
	factors TEXT,
	document TEXT,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	version BIGINT NOT NULL
);

CREATE TABLE members (
	organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
	user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	roles TEXT,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX members_user ON members (user_id);

-- Every document that a policy ever was. scope is "tenant" or the id of an organization
-- or a client; there is no reference, so that the past of what is gone can be read.
CREATE TABLE policy_versions (
	scope TEXT NOT NULL,
	number BIGINT NOT NULL,
	document TEXT NOT NULL,
	author TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (scope, number)
);
