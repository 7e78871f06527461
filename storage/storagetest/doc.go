// Package storagetest is what a database has to do to be one of ours: [Run] is the
// suite, [Open] gives any test of any room a real, empty, migrated database, and
// [Postgres] a PostgreSQL of its own. There is no mock store.
package storagetest
