package storage

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// An Import is how far a file of people has come.
type Import struct {
	ID       string `bun:"id,pk"`    // of the file's content and of how it is read
	Position int64  `bun:"position"` // bytes of it that are done
	// Records are those that were read: of them Inserted and Updated are people who are
	// stored, and Failed those of which something or all is not.
	Records   int64     `bun:"records"`
	Inserted  int64     `bun:"inserted"`
	Updated   int64     `bun:"updated"`
	Failed    int64     `bun:"failed"`
	CreatedAt time.Time `bun:"created_at"`
	UpdatedAt time.Time `bun:"updated_at"`
	DoneAt    time.Time `bun:"done_at,nullzero"`
	Version   int64     `bun:"version"` // 0 until it is stored
}

// Import finds out how far an import has come. Errors: ErrNotFound.
func (d *DB) Import(ctx context.Context, id string) (*Import, error) {
	return first[Import](ctx, d, "id = ?", id)
}

// PutImport stores how far an import has come: of a new one where its Version is 0, else
// of one that is there with the same Version. So of two that read the same file at the
// same time one ends.
//
// Errors: ErrConflict.
func (d *DB) PutImport(ctx context.Context, i *Import) error {
	i.UpdatedAt = d.now()
	if i.CreatedAt.IsZero() {
		i.CreatedAt = i.UpdatedAt
	}
	return d.versioned(ctx, &i.Version, func() error {
		if i.Version == 1 {
			return d.insert(ctx, i)
		}
		return d.update(ctx, i, i.ID, i.Version)
	})
}

// DeleteImport forgets how far an import has come. That it is not known is no error.
func (d *DB) DeleteImport(ctx context.Context, id string) error {
	return d.some(ctx, func(q bun.IDB) statement { return q.NewDelete().Model((*Import)(nil)).Where("id = ?", id) })
}
