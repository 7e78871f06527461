// Package storage owns every row: users, clients, APIs, sessions, logins,
// authenticators, grants, consents, signing keys, tickets, limits, settings and the
// audit log, on SQLite or PostgreSQL, with the same behaviour on both.
//
// It knows what must be atomic, unique, sealed and swept. It knows no HTTP, no OAuth
// error and no rule about who may sign in: it returns rows and four outcomes
// ([ErrNotFound], [ErrConflict], [ErrSpent], [ErrInvalid]) or [ErrUnavailable].
// bun lives here and nowhere else.
//
// # How a query finds its connection
//
//	db.Tx(ctx, func(ctx) …)   puts the transaction into ctx; a Tx inside joins it
//	db.UserByID(ctx, id)      uses the transaction in ctx, else a reader
//	db.UpdateUser(ctx, u)     uses the transaction in ctx, else the writer
//
// On SQLite there is one writer connection (every transaction begins IMMEDIATE) and
// a pool of readers over the write-ahead log; on PostgreSQL both are one pool.
// Statements outside a transaction and whole transactions are repeated a few times
// where the database says "try again" (serialisation failure, deadlock, busy), and
// all of it ends at Options.Timeout with ErrUnavailable.
//
// # What a row looks like
//
// Times are BIGINT microseconds since 1970 UTC, so that both engines compare and
// round-trip them alike; read them by hand with to_timestamp(created_at / 1e6) or
// datetime(created_at / 1e6, 'unixepoch'). Lists and structures are JSON in TEXT. Text
// with a NUL byte is in no row: looking it up is ErrNotFound, storing it ErrInvalid.
// Rows with a Version are written under a version check: who lost gets ErrConflict.
//
// authenticators.secret, logins.state and signing_keys.private are sealed on the way
// in and opened on the way out; callers never see a sealed value.
package storage
