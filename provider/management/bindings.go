package management

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// bindingKind is that of the documents about the places of actions in the trigger, by the
// action's id. That an action has a place is said by Script.Enabled, which place by its
// Position: one that was bound on the command line has no document.
const bindingKind = "action_binding"

// A binding is what is kept about a place.
type binding struct {
	ID          string    `json:"id"`
	DisplayName string    `json:"display_name"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// bindingOf is what is kept about the place of an action, with the row that it is in.
func (d Desk) bindingOf(ctx context.Context, s *storage.Script) (*binding, *storage.Document, error) {
	row, err := d.DB.Document(ctx, bindingKind, s.ID)
	if errors.Is(err, storage.ErrNotFound) {
		made := &binding{ID: "bnd_" + s.ID, DisplayName: s.Name, CreatedAt: s.UpdatedAt, UpdatedAt: s.UpdatedAt}
		return made, &storage.Document{Kind: bindingKind, Name: s.ID}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	var b binding
	return &b, row, json.Unmarshal(row.Body, &b)
}

// A Place is one of an action among those that run.
type Place struct {
	Action      *storage.Script
	DisplayName string // "": the action's name
}

// BindActions lets just the actions of places run, in their order, from the next sign-in
// on. The others are kept behind them. A text that begins to run is compiled first.
//
// Errors: *flows.ScriptFault, storage.ErrConflict.
func (d Desk) BindActions(ctx context.Context, places []Place) error {
	on := true
	for _, p := range places {
		if _, err := d.textOf(ctx, p.Action, ScriptEdit{Enabled: &on}); err != nil {
			return err
		}
	}
	return d.DB.Tx(ctx, func(ctx context.Context) error {
		list, err := d.scriptsOf(ctx, storage.ScriptAction)
		if err != nil {
			return err
		}
		was, bound := []string{}, []string{}
		for _, s := range list {
			if s.Enabled {
				was = append(was, s.Name)
			}
		}
		place := func(s *storage.Script) int {
			return slices.IndexFunc(places, func(p Place) bool { return p.Action.ID == s.ID })
		}
		slices.SortStableFunc(list, func(a, b *storage.Script) int {
			x, y := place(a), place(b)
			if x < 0 || y < 0 {
				return y - x // one that has no place behind one that has
			}
			return x - y
		})
		for i, s := range list {
			at := place(s)
			if at >= 0 {
				bound = append(bound, s.Name)
			}
			if err := d.bindOne(ctx, s, i+1, places, at); err != nil {
				return err
			}
		}
		e := &storage.Event{Type: "rule.bound", Data: map[string]any{"kind": storage.ScriptAction, "bound": bound, "was": was}}
		d.sign(e)
		return d.DB.AddEvents(ctx, e)
	})
}

// bindOne gives s a position and, where at is that of its place, lets it run.
func (d Desk) bindOne(ctx context.Context, s *storage.Script, position int, places []Place, at int) error {
	if s.Position != position || s.Enabled != (at >= 0) {
		s.Position, s.Enabled = position, at >= 0
		if err := d.DB.UpdateScript(ctx, s); err != nil {
			return err
		}
	}
	if at < 0 {
		return ignoreMissing(d.DB.DeleteDocument(ctx, bindingKind, s.ID))
	}
	name := places[at].DisplayName
	if name == "" {
		name = s.Name
	}
	return d.NamePlace(ctx, s, name)
}

// NamePlace gives the place of an action the name that it is shown under.
func (d Desk) NamePlace(ctx context.Context, s *storage.Script, name string) error {
	b, row, err := d.bindingOf(ctx, s)
	if err != nil {
		return err
	}
	if row.Version > 0 && b.DisplayName == name {
		return nil
	}
	b.DisplayName, b.UpdatedAt = name, d.Now().UTC().Truncate(time.Microsecond)
	if row.Version == 0 {
		b.CreatedAt = b.UpdatedAt
	}
	if row.Body, err = json.Marshal(b); err != nil {
		return err
	}
	return d.DB.PutDocument(ctx, row)
}
