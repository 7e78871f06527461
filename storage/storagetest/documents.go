package storagetest

import (
	"testing"

	"github.com/sallyport-id/sallyport/storage"
)

func documents(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	first := &storage.Document{Kind: "stream", Name: "Größe ? 'x'", Body: []byte(`{"token":"s3cret"}`)}
	must(t, db.PutDocument(ctx, first))
	got, err := db.Document(ctx, "stream", first.Name)
	must(t, err)
	same(t, got, first)
	want(t, db.PutDocument(ctx, &storage.Document{Kind: "stream", Name: first.Name, Body: []byte(`{}`)}), storage.ErrConflict)

	cached, err := db.CachedDocuments(ctx, "stream")
	must(t, err)
	same(t, cached, []*storage.Document{first})
	stale := *first
	first.Body = []byte(`{"token":"other"}`)
	must(t, db.PutDocument(ctx, first))
	want(t, db.PutDocument(ctx, &stale), storage.ErrConflict)
	if stale.Version != 1 {
		t.Errorf("a refused write left version %d", stale.Version)
	}
	second, elsewhere := &storage.Document{Kind: "stream", Name: "b", Body: []byte(`1`)}, &storage.Document{Kind: "streams", Name: "b", Body: []byte(`2`)}
	must(t, db.PutDocument(ctx, second))
	must(t, db.PutDocument(ctx, elsewhere))
	cached, err = db.CachedDocuments(ctx, "stream")
	must(t, err)
	same(t, cached, []*storage.Document{first, second})

	must(t, db.DeleteDocument(ctx, "stream", "b"))
	want(t, db.DeleteDocument(ctx, "stream", "b"), storage.ErrNotFound)
	want(t, db.PutDocument(ctx, second), storage.ErrConflict)
	_, err = db.Document(ctx, "stream", "b")
	want(t, err, storage.ErrNotFound)
	left, err := db.Document(ctx, "streams", "b")
	must(t, err)
	same(t, left, elsewhere)
}
