-- When a person first signed in: a first sign-in is no news to them.
ALTER TABLE users ADD COLUMN signed_in_at BIGINT;
