package management

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sallyport-id/sallyport/storage"
)

// readDocument reads a document into v. Where there is none, v stays as it is and the
// document is a new one, without an ID.
func readDocument(ctx context.Context, db *storage.DB, kind, name string, v any) (*storage.Document, error) {
	doc, err := db.Document(ctx, kind, name)
	if errors.Is(err, storage.ErrNotFound) {
		return &storage.Document{Kind: kind, Name: name}, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(doc.Body, v); err != nil {
		return nil, fmt.Errorf("document %s: %w", doc.ID, err)
	}
	return doc, nil
}

// storeDocument has doc say v.
func storeDocument(ctx context.Context, db *storage.DB, doc *storage.Document, v any) (err error) {
	if doc.Body, err = json.Marshal(v); err != nil {
		return fmt.Errorf("document %s of %s: %w", doc.Name, doc.Kind, err)
	}
	return db.PutDocument(ctx, doc)
}
