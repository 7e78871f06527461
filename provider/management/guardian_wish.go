package management

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sallyport-id/sallyport/storage"
)

// wishKind is the kind of the documents that keep what a deploy tool chose before it gave
// what the choice needs: Auth0 takes both in any order, a factor of ours only works with
// both.
const wishKind = "guardian"

// wish reads what was chosen for a factor of Auth0's into v, which stays as it is where
// nothing was.
func (a *API) wish(ctx context.Context, name string, v any) error {
	doc, err := a.DB.Document(ctx, wishKind, name)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(doc.Body, v); err != nil {
		return fmt.Errorf("document %s: %w", doc.ID, err)
	}
	return nil
}

// putWish keeps what was chosen. The caller has opened a transaction.
func (a *API) putWish(ctx context.Context, name string, v any) error {
	doc, err := a.DB.Document(ctx, wishKind, name)
	if errors.Is(err, storage.ErrNotFound) {
		doc, err = &storage.Document{Kind: wishKind, Name: name}, nil
	}
	if err != nil {
		return err
	}
	if doc.Body, err = json.Marshal(v); err != nil {
		return err
	}
	return a.DB.PutDocument(ctx, doc)
}
