package management

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// A Desk is where somebody changes what holds for everybody. Whoever that is, on the
// command line or over the API, the same is refused and the same is written down.
type Desk struct {
	DB      *storage.DB
	Factors *factors.Registry
	Actor   string // in the audit log
	Force   bool   // change it even where that locks every administrator out
	Now     func() time.Time
	// Compile says what is wrong with the text of a script. It runs nothing of it.
	//
	// Errors: *flows.ScriptFault.
	Compile func(ctx context.Context, kind, name, source string) error
}

// Change does something together with the line of the audit log that tells of it: both
// are stored or neither.
func (d Desk) Change(ctx context.Context, e storage.Event, do func(context.Context) error) error {
	return d.DB.Tx(ctx, func(ctx context.Context) error {
		if err := do(ctx); err != nil {
			return err
		}
		event := e
		d.sign(&event)
		return d.DB.AddEvents(ctx, &event)
	})
}

// sign completes an event of whoever is at the desk.
func (d Desk) sign(e *storage.Event) { e.ID, e.At, e.Actor = storage.NewID("evt"), d.Now(), d.Actor }

// ChangeSettings changes the tenant's settings with their line of the audit log.
//
// Errors: *Invalid, *LockOut, and those of edit.
func (d Desk) ChangeSettings(ctx context.Context, e storage.Event, edit func(*storage.Settings) error) (s *storage.Settings, err error) {
	if e.Data == nil {
		e.Data = map[string]any{}
	}
	err = d.Change(ctx, e, func(ctx context.Context) (err error) {
		s, err = d.EditSettings(ctx, e.Data, edit)
		return err
	})
	return s, err
}

// EditSettings changes the tenant's settings, with a version of its policy where that
// becomes another, which is in the audit log with data. What would lock every
// administrator out, or ask people for what they cannot have, is refused unless it is
// forced; then data says what it overrode. The caller has opened a transaction.
//
// Errors: *Invalid, *LockOut, and those of edit.
func (d Desk) EditSettings(ctx context.Context, data map[string]any, edit func(*storage.Settings) error) (*storage.Settings, error) {
	s, err := d.DB.Settings(ctx)
	if err != nil {
		return nil, err
	}
	old := *s
	old.Factors = slices.Clone(s.Factors)
	before, err := OfTenant(&old).Document()
	if err != nil {
		return nil, err
	}
	if err := edit(s); err != nil {
		return nil, err
	}
	why, err := d.locksOut(ctx, &old, s, d.Factors.Info)
	switch {
	case err != nil:
		return nil, err
	case why != "" && !d.Force:
		return nil, &LockOut{why}
	case why != "":
		data["forced"] = why
	}
	if err := d.checkLeft(&old, s); err != nil && !d.Force {
		return nil, err
	}
	if err := d.NoteVersion(ctx, OfTenant(s), before, data); err != nil {
		return nil, err
	}
	return s, d.DB.PutSettings(ctx, s)
}

// NoteVersion writes down that the policy of s is no longer what it was before, with data
// in the audit event. The first time it also keeps what was before, to roll back to.
func (d Desk) NoteVersion(ctx context.Context, s *PolicyScope, before policy.Document, data map[string]any) error {
	now, err := s.Document()
	if err != nil {
		return err
	}
	old, err := json.Marshal(before)
	if err != nil {
		return err
	}
	text, err := json.Marshal(now)
	if err != nil || bytes.Equal(old, text) {
		return err
	}
	e := storage.Event{Type: "policy.changed", Data: map[string]any{"scope": s.ID}}
	maps.Copy(e.Data, data)
	if s.Client != nil {
		e.ClientID = s.ID
	}
	return d.Change(ctx, e, func(ctx context.Context) error {
		past, err := d.DB.PolicyVersions(ctx, s.ID)
		if err != nil {
			return err
		}
		if len(past) == 0 {
			if err := d.DB.AddPolicyVersion(ctx, &storage.PolicyVersion{Scope: s.ID, Document: old, CreatedAt: d.Now()}); err != nil {
				return err
			}
		}
		v := &storage.PolicyVersion{Scope: s.ID, Document: text, By: d.Actor, CreatedAt: d.Now()}
		err = d.DB.AddPolicyVersion(ctx, v)
		e.Data["number"] = v.Number
		return err
	})
}
