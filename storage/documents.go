package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// A Document is one of the tenant's settings that has no table of its own: a provider's
// credentials, a text of a page, a log stream. Body is sealed at rest, so it may hold
// secrets.
type Document struct {
	bun.BaseModel `bun:"table:documents"`
	ID            string          `bun:"id,pk"` // made of Kind and Name
	Kind          string          `bun:"kind"`  // without spaces; owned by the room that writes it
	Name          string          `bun:"name"`  // unique in its kind
	Body          json.RawMessage `bun:"-"`
	Sealed        []byte          `bun:"body"`
	CreatedAt     time.Time       `bun:"created_at"`
	UpdatedAt     time.Time       `bun:"updated_at"`
	Version       int64           `bun:"version"` // 0 until it is stored
}

func documentID(kind, name string) string { return kind + " " + name }

// Document finds a document. Errors: ErrNotFound.
func (d *DB) Document(ctx context.Context, kind, name string) (*Document, error) {
	row, err := first[Document](ctx, d, "id = ?", documentID(kind, name))
	if err != nil {
		return nil, err
	}
	return row, d.openDocument(row)
}

// Documents lists the documents of a kind, the oldest first.
func (d *DB) Documents(ctx context.Context, kind string) ([]*Document, error) {
	rows, err := all[Document](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("kind = ?", kind).OrderExpr("created_at, id")
	})
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if err := d.openDocument(row); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// AllDocuments lists the documents of every kind, by kind and age.
func (d *DB) AllDocuments(ctx context.Context) ([]*Document, error) {
	rows, err := all[Document](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery { return q.OrderExpr("kind, created_at, id") })
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if err := d.openDocument(row); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// CachedDocuments is Documents, at most 5 seconds old. They are shared: they must not be
// modified.
func (d *DB) CachedDocuments(ctx context.Context, kind string) ([]*Document, error) {
	return cachedRead(ctx, d, d.cached.documents, kind, d.Documents)
}

// PutDocument stores a document: a new one where its Version is 0, else one that is
// there, where that has the same Version. It assigns what is not Kind, Name and Body.
//
// Errors: ErrConflict where the name is in use, or the document has changed or is gone.
func (d *DB) PutDocument(ctx context.Context, doc *Document) error {
	doc.ID, doc.UpdatedAt = documentID(doc.Kind, doc.Name), d.now()
	if doc.CreatedAt.IsZero() {
		doc.CreatedAt = doc.UpdatedAt
	}
	var err error
	if doc.Sealed, err = d.seal(documentBody, doc.ID, doc.Body); err != nil {
		return err
	}
	defer d.dropDocuments(ctx, doc.Kind)
	return d.versioned(ctx, &doc.Version, func() error {
		if doc.Version == 1 {
			return d.insert(ctx, doc)
		}
		return d.update(ctx, doc, doc.ID, doc.Version)
	})
}

// DeleteDocument removes a document. Errors: ErrNotFound.
func (d *DB) DeleteDocument(ctx context.Context, kind, name string) error {
	defer d.dropDocuments(ctx, kind)
	return d.must(ctx, ErrNotFound, func(q bun.IDB) statement {
		return q.NewDelete().Model((*Document)(nil)).Where("id = ?", documentID(kind, name))
	})
}

func (d *DB) openDocument(row *Document) error {
	body, err := d.open(documentBody, row.ID, row.Sealed)
	if err != nil {
		return fmt.Errorf("storage: document %s: %w", row.ID, err)
	}
	row.Body = body
	return nil
}

// dropDocuments forgets the cached documents of a kind once the change in ctx is
// committed.
func (d *DB) dropDocuments(ctx context.Context, kind string) {
	d.committed(ctx, func() { d.cached.documents.Invalidate(kind) })
}
