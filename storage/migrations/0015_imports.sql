-- How far a file of people has come, so that an import that was stopped goes on where it
-- was. id names the file's content and how it is read.
CREATE TABLE imports (
	id TEXT PRIMARY KEY,
	position BIGINT NOT NULL,
	records BIGINT NOT NULL,
	inserted BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	failed BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	done_at BIGINT,
	version BIGINT NOT NULL
);
