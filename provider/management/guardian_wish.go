package management

import (
	"context"
	"encoding/json"
)

// wishKind is the kind of the documents that keep what a deploy tool chose before it gave
// what the choice needs: Auth0 takes both in any order, a factor of ours only works with
// both.
const wishKind = "guardian"

// wish reads what was chosen for a factor of Auth0's into v, which stays as it is where
// nothing was.
func (a *API) wish(ctx context.Context, name string, v any) error {
	_, err := readDocument(ctx, a.DB, wishKind, name, v)
	return err
}

// putWish keeps what was chosen. The caller has opened a transaction.
func (a *API) putWish(ctx context.Context, name string, v any) error {
	doc, err := readDocument(ctx, a.DB, wishKind, name, new(json.RawMessage))
	if err != nil {
		return err
	}
	return storeDocument(ctx, a.DB, doc, v)
}
