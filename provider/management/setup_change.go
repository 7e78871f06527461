package management

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// A FactorEdit says what becomes of a factor's settings, by key; a nil value is the
// configuration's again. now are the settings as they are.
type FactorEdit struct {
	Factor string
	Edit   func(now map[string]Setting) map[string]any
}

// Set changes settings of factors at once, here and, within seconds, in every other
// process. All of it holds or nothing does: what a factor refuses is not stored, nor what
// would lock every administrator out.
//
// Errors: *Invalid, *LockOut, storage.ErrConflict where somebody else was first.
func (s *Setup) Set(ctx context.Context, d Desk, edits ...FactorEdit) error {
	return s.setWith(ctx, d, func(context.Context) error { return nil }, edits...)
}

// setWith is Set with something else in the same transaction.
func (s *Setup) setWith(ctx context.Context, d Desk, also func(context.Context) error, edits ...FactorEdit) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var done []replaced
	err := d.DB.Tx(ctx, func(ctx context.Context) error {
		done = nil
		if err := also(ctx); err != nil {
			return err
		}
		for _, e := range edits {
			r, err := s.set(ctx, d, e)
			if err != nil {
				return err
			}
			if r != nil {
				done = append(done, *r)
			}
		}
		return s.keepIn(ctx, d, done)
	})
	if err != nil {
		return err
	}
	for _, r := range done {
		s.Factors.Replace(r.name, r.factor, "")
		s.runs[r.name] = r.running
	}
	return nil
}

// replaced is a factor that was set up anew.
type replaced struct {
	name   string
	factor factors.Factor
	running
}

// set stores a change, nil where it changes nothing.
func (s *Setup) set(ctx context.Context, d Desk, e FactorEdit) (*replaced, error) {
	if s.Configured[e.Factor] == nil {
		return nil, unwise("factor", fmt.Sprintf("there is no %q", e.Factor), "use one of "+strings.Join(s.Factors.Names(), ", "))
	}
	doc, err := s.DB.Document(ctx, setupKind, e.Factor)
	if errors.Is(err, storage.ErrNotFound) {
		doc, err = &storage.Document{Kind: setupKind, Name: e.Factor}, nil
	}
	if err != nil {
		return nil, err
	}
	values, err := read(doc.Body)
	if err != nil {
		values = map[string]any{} // what cannot be read is overwritten
	}
	now := running{doc.Body, s.Configured[e.Factor]}
	if c, err := s.Keys.Over(now.config, values); err == nil {
		now.config = c
	}
	changes := e.Edit(s.settings(now))
	for key, value := range changes {
		if _, set := lookUp(values, key); value == nil && !set {
			delete(changes, key) // the configuration holds already
		}
		put(values, key, value)
	}
	body, err := json.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("settings of %s: %w", e.Factor, err)
	}
	if bytes.Equal(body, doc.Body) || len(values) == 0 && len(doc.Body) == 0 {
		return nil, nil
	}
	c, f, err := s.open(e.Factor, body)
	if err != nil {
		return nil, err
	}
	doc.Body = body
	event := storage.Event{Type: "factor.changed", Data: map[string]any{"factor": e.Factor, "settings": slices.Sorted(maps.Keys(changes))}}
	err = d.Change(ctx, event, func(ctx context.Context) error { return s.DB.PutDocument(ctx, doc) })
	return &replaced{e.Factor, f, running{body, c}}, err
}

// keepIn refuses what takes the factor away that administrators get in by.
func (s *Setup) keepIn(ctx context.Context, d Desk, done []replaced) error {
	missing := map[string]factors.Info{}
	for _, r := range done {
		if info := factors.InfoOf(r.factor); info.Missing != "" && s.Factors.Info(r.name).Missing == "" {
			missing[r.name] = info
		}
	}
	if len(missing) == 0 || d.Force {
		return nil
	}
	t, err := s.DB.Settings(ctx)
	if err != nil {
		return err
	}
	why, err := d.locksOut(ctx, t, t, func(name string) factors.Info {
		if info, ok := missing[name]; ok {
			return info
		}
		return s.Factors.Info(name)
	})
	if err == nil && why != "" {
		return &LockOut{why}
	}
	return err
}
