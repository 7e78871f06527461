package management

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// A batch is stored in one transaction: so many records, and so many bytes of them, which
// bounds the memory of an import whatever the file's size.
const (
	importBatch      = 200
	importBatchBytes = 1 << 20
)

// A UserImport takes people over from a file, with their password hashes and second
// factors. The command line runs one, and the jobs of the API.
//
// A person is stored as a whole or not at all, but for one thing that Auth0 does as well:
// where only mfa_factors is wrong the person comes without them, and the record is
// reported.
type UserImport struct {
	DB      *storage.DB
	Factors *factors.Registry
	Now     func() time.Time
	Actor   string // of the audit events

	// Upsert changes people who are there already, where else they are reported.
	Upsert bool
	// WithoutPasswords takes people over whose password hash cannot be checked here; they
	// set a new one by mail.
	WithoutPasswords bool
	// WithoutRoles refuses records that give roles.
	WithoutRoles bool
	// WithoutNewFactors keeps people who are there from getting second factors.
	WithoutNewFactors bool
	// Bounded refuses metadata that the API of users would not take.
	Bounded bool
	// Dry stores nothing.
	Dry bool
	// Keep is called in the transaction of each batch with how far it is then and with
	// what did not come over; nil: nothing is kept.
	Keep func(ctx context.Context, at storage.Import, failures []ImportFailure) error

	// Failed hears of records that did not come over, or not as a whole; nil: nobody.
	Failed func(ImportFailure)
	// Progress hears how far it is after each batch; nil: nobody.
	Progress func(storage.Import)
	// Left counts the fields that have no place here, by name.
	Left map[string]int

	native        bool            // the records are those of an export of ours
	organizations map[string]bool // by id: which are here, for those
}

// An ImportError is one thing that is wrong with a record, in Auth0's form.
type ImportError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Path    string `json:"path,omitempty"`
}

func (e ImportError) Error() string {
	if e.Path == "" {
		return e.Code + ": " + e.Message
	}
	return e.Code + ": " + e.Path + ": " + e.Message
}

// An ImportFailure is a record with what is wrong with it, in the form of Auth0's
// GET /api/v2/jobs/{id}/errors.
type ImportFailure struct {
	User   json.RawMessage `json:"user"` // secrets are blotted out
	Errors []ImportError   `json:"errors"`
	Record int64           `json:"-"` // which it is in the file, from 1
	Kept   bool            `json:"-"` // the person is stored, all the same
}

// An ImportSource is a file of people: a JSON array, or one JSON object a line.
type ImportSource struct {
	// ID names the content. An import that was stopped goes on where it was when it is run
	// again with the same ID; "": it begins at the beginning, and nothing is noted.
	ID string
	R  io.Reader
}

// ErrImported says that all of a source was imported before.
var ErrImported = errors.New("management: this file was imported before")

// Run imports src. Where ctx ends it finishes the batch that it is at, and returns how far
// it came with the error of ctx.
//
// Errors: ErrImported; storage.ErrConflict where somebody else imports the same source;
// *ImportSyntax where it cannot be read on.
func (im *UserImport) Run(ctx context.Context, src ImportSource) (storage.Import, error) {
	at, err := im.resume(ctx, src)
	if err != nil {
		return *at, err
	}
	records, err := openRecords(src.R, at.Position)
	if err != nil {
		return *at, err
	}
	records.read = at.Records
	if im.Left == nil {
		im.Left = map[string]int{}
	}
	for {
		if err := ctx.Err(); err != nil {
			return *at, err
		}
		batch, readErr := records.batch()
		if readErr != nil && !errors.Is(readErr, io.EOF) && len(batch) == 0 {
			return *at, readErr
		}
		done := errors.Is(readErr, io.EOF)
		if err := im.batch(context.WithoutCancel(ctx), at, batch, done); err != nil {
			return *at, err
		}
		if im.Progress != nil {
			im.Progress(*at)
		}
		if done {
			return *at, nil
		}
	}
}

// resume finds out where src was left.
func (im *UserImport) resume(ctx context.Context, src ImportSource) (*storage.Import, error) {
	at := &storage.Import{}
	if src.ID == "" {
		return at, nil
	}
	at.ID = im.name(src.ID)
	if im.Dry {
		return at, nil
	}
	found, err := im.DB.Import(ctx, at.ID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return at, nil
	case err != nil:
		return at, err
	case !found.DoneAt.IsZero():
		return found, ErrImported
	}
	return found, nil
}

// name is that under which is noted how far the import of a source is.
func (im *UserImport) name(source string) string {
	return fmt.Sprintf("%s upsert=%t without_passwords=%t", source, im.Upsert, im.WithoutPasswords)
}

// batch stores one batch with how far it is; where that is refused, because of one of
// them, each record by itself.
func (im *UserImport) batch(ctx context.Context, at *storage.Import, list []record, done bool) error {
	left := maps.Clone(im.Left)
	err := im.store(ctx, at, list, done)
	if !isOutcome(err) || len(list) < 2 {
		return err
	}
	im.Left = left
	for i := range list {
		if err := im.store(ctx, at, list[i:i+1], done && i == len(list)-1); err != nil {
			return err
		}
	}
	return nil
}

// isOutcome reports whether err is about a record, not about the machine.
func isOutcome(err error) bool {
	return errors.Is(err, storage.ErrConflict) || errors.Is(err, storage.ErrInvalid) || errors.Is(err, storage.ErrNotFound)
}

// store stores records together. One that is alone and is refused is a failure; then only
// how far it is is stored.
func (im *UserImport) store(ctx context.Context, at *storage.Import, list []record, done bool) error {
	p, err := im.plan(ctx, list)
	if err != nil {
		return err
	}
	next := p.after(at, list)
	if done {
		next.DoneAt = im.Now()
	}
	err = im.commit(ctx, p, next)
	if isOutcome(err) && len(list) == 1 && p.stores() {
		refused := &plan{failures: []ImportFailure{list[0].failure(ImportError{Code: "CONFLICT", Message: "It could not be stored: " + err.Error()})}}
		p, next = refused, refused.after(at, list)
		if done {
			next.DoneAt = im.Now()
		}
		err = im.commit(ctx, p, next)
	}
	if err != nil {
		return err
	}
	*at = *next
	for _, f := range p.failures {
		if im.Failed != nil {
			im.Failed(f)
		}
	}
	return nil
}

// commit stores what p says and how far it is, both or nothing.
func (im *UserImport) commit(ctx context.Context, p *plan, next *storage.Import) error {
	if im.Dry {
		return nil
	}
	as := *next
	return im.DB.Tx(ctx, func(ctx context.Context) error {
		*next = as // of a try before
		if err := im.DB.CreateCrowd(ctx, p.fresh); err != nil {
			return err
		}
		for _, m := range p.members {
			if err := im.DB.PutMember(ctx, m); err != nil {
				return err
			}
		}
		for _, change := range p.changed {
			if err := change.store(ctx, im.DB); err != nil {
				return err
			}
		}
		if err := im.DB.AddEvents(ctx, p.events...); err != nil {
			return err
		}
		if im.Keep != nil {
			if err := im.Keep(ctx, *next, p.failures); err != nil {
				return err
			}
		}
		if next.ID == "" {
			return nil
		}
		return im.DB.PutImport(ctx, next)
	})
}
