package storage_test

import (
	"testing"

	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/storage/storagetest"
)

func TestSQLiteMemory(t *testing.T) { suite(t, "sqlite") }
func TestSQLiteFile(t *testing.T)   { suite(t, "sqlite-file") }
func TestPostgres(t *testing.T)     { suite(t, "postgres") }

func suite(t *testing.T, engine string) {
	storagetest.Run(t, func(t *testing.T) *storage.DB { return storagetest.Open(t, engine) })
}
