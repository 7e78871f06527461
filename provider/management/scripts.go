package management

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sallyport-id/sallyport/storage"
)

// A ScriptEdit is what becomes of a script. What is nil or zero stays as it is.
type ScriptEdit struct {
	Name   *string
	Source *string // kept as the next version
	Deploy bool    // Source, so that it runs
	// Version is the number of a text that is kept, and shall run.
	Version  int64
	Enabled  *bool
	Position *int
	Secrets  map[string]string // all that it has from now on
	// Only is asked in the transaction before anything is stored: its error undoes all.
	Only func(ctx context.Context) error
}

// EditScript changes a script, or stores a new one, which has no ID, each change with its
// line of the audit log: all of them or none. A text that does not compile is not stored,
// and what runs goes on. It gives the text that edit is about, nil where it is about none.
//
// Errors: *flows.ScriptFault, storage.ErrInvalid, storage.ErrConflict, storage.ErrNotFound.
func (d Desk) EditScript(ctx context.Context, s *storage.Script, edit ScriptEdit) (*storage.ScriptVersion, error) {
	text, err := d.textOf(ctx, s, edit)
	if err != nil {
		return nil, err
	}
	as, fresh := *s, s.ID == ""
	err = d.DB.Tx(ctx, func(ctx context.Context) error {
		*s = as // of a try before
		c := scriptChange{d: d, s: s}
		if edit.Only != nil {
			if err := edit.Only(ctx); err != nil {
				return err
			}
		}
		if fresh {
			if err := d.DB.CreateScript(ctx, s); err != nil {
				return err
			}
		}
		before := *s
		if edit.Source != nil {
			text.ScriptID = s.ID
			if err := d.DB.AddScriptVersion(ctx, text); err != nil {
				return err
			}
			c.keep(text, fresh, edit.Deploy)
		}
		c.members(edit)
		if edit.Version != 0 && text.Number != s.Deployed {
			c.note("deployed", map[string]any{"version": text.Number, "from": s.Deployed, "sha256": ScriptHash(text.Source)})
			s.Deployed = text.Number
		}
		if !sameScript(&before, s) {
			if err := d.DB.UpdateScript(ctx, s); err != nil {
				return err
			}
		}
		return d.DB.AddEvents(ctx, c.events...)
	})
	return text, err
}

// textOf is the text that an edit is about, compiled. One that is kept was checked when it
// was stored, but maybe by an older program: it is again before it begins to run.
func (d Desk) textOf(ctx context.Context, s *storage.Script, edit ScriptEdit) (text *storage.ScriptVersion, err error) {
	number := edit.Version
	if number == 0 && edit.Enabled != nil && *edit.Enabled && !s.Enabled {
		number = s.Deployed
	}
	switch {
	case edit.Source != nil:
		text = &storage.ScriptVersion{Source: *edit.Source, By: d.Actor}
	case number != 0:
		if text, err = d.DB.ScriptVersion(ctx, s.ID, number); err != nil {
			return nil, err
		}
	default:
		return nil, nil
	}
	name := s.Name
	if edit.Name != nil {
		name = *edit.Name
	}
	return text, d.Compile(ctx, s.Kind, name, text.Source)
}

func sameScript(a, b *storage.Script) bool {
	return a.Name == b.Name && a.Enabled == b.Enabled && a.Position == b.Position && a.Deployed == b.Deployed && maps.Equal(a.Secrets, b.Secrets)
}

// A scriptChange collects what the audit log says of an edit.
type scriptChange struct {
	d      Desk
	s      *storage.Script
	events []*storage.Event
}

func (c *scriptChange) note(kind string, data map[string]any) {
	e := &storage.Event{Type: "rule." + kind, Data: map[string]any{"name": c.s.Name, "kind": c.s.Kind}}
	maps.Copy(e.Data, data)
	c.d.sign(e)
	c.events = append(c.events, e)
}

func (c *scriptChange) keep(text *storage.ScriptVersion, fresh, deploy bool) {
	kind := map[bool]string{true: "created", false: "changed"}[fresh]
	c.note(kind, map[string]any{"sha256": ScriptHash(text.Source), "deployed": deploy, "version": text.Number})
	if deploy {
		c.s.Deployed = text.Number
	}
}

// members changes what is not text.
func (c *scriptChange) members(edit ScriptEdit) {
	s := c.s
	if n := edit.Name; n != nil && *n != s.Name {
		was := s.Name
		s.Name = *n
		c.note("renamed", map[string]any{"was": was})
	}
	if p := edit.Position; p != nil && *p != s.Position {
		c.note("moved", map[string]any{"from": s.Position, "position": *p})
		s.Position = *p
	}
	if on := edit.Enabled; on != nil && *on != s.Enabled {
		s.Enabled = *on
		c.note(map[bool]string{true: "enabled", false: "disabled"}[*on], map[string]any{"version": s.Deployed})
	}
	if edit.Secrets == nil {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(edit.Secrets)) {
		if old, ok := s.Secrets[key]; !ok || old != edit.Secrets[key] {
			c.note("secret_set", map[string]any{"key": key})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Secrets)) {
		if _, ok := edit.Secrets[key]; !ok {
			c.note("secret_removed", map[string]any{"key": key})
		}
	}
	s.Secrets = edit.Secrets
}

// ScriptHash names a text in the audit log, which has no texts.
func ScriptHash(source string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(source))) }

// MoveScript puts s at a position among those of its kind, of which 1 is the first, and
// numbers them anew. Errors: storage.ErrNotFound.
func (d Desk) MoveScript(ctx context.Context, s *storage.Script, position int) error {
	e := storage.Event{Type: "rule.moved", Data: map[string]any{"name": s.Name, "kind": s.Kind, "from": s.Position, "position": position}}
	return d.Change(ctx, e, func(ctx context.Context) error {
		list, err := d.scriptsOf(ctx, s.Kind)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(list, func(other *storage.Script) bool { return other.ID == s.ID })
		if at < 0 {
			return storage.ErrNotFound
		}
		moved := list[at]
		list = slices.Delete(list, at, at+1)
		return d.number(ctx, slices.Insert(list, min(position-1, len(list)), moved))
	})
}

// number gives scripts the positions in which they stand.
func (d Desk) number(ctx context.Context, list []*storage.Script) error {
	for i, one := range list {
		if one.Position == i+1 {
			continue
		}
		one.Position = i + 1
		if err := d.DB.UpdateScript(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

// scriptsOf are the scripts of a kind, in the order in which they run.
func (d Desk) scriptsOf(ctx context.Context, kind string) ([]*storage.Script, error) {
	list, err := d.DB.Scripts(ctx)
	return slices.DeleteFunc(list, func(s *storage.Script) bool { return s.Kind != kind }), err
}

// DeleteScript removes a script with its versions, its secrets and its place. Errors:
// storage.ErrConflict where it is no longer what s is, or gone.
func (d Desk) DeleteScript(ctx context.Context, s *storage.Script) error {
	e := storage.Event{Type: "rule.deleted", Data: map[string]any{"name": s.Name, "kind": s.Kind, "version": s.Deployed}}
	return d.Change(ctx, e, func(ctx context.Context) error {
		if err := ignoreMissing(d.DB.DeleteDocument(ctx, bindingKind, s.ID)); err != nil {
			return err
		}
		return d.DB.DeleteScript(ctx, s)
	})
}

// SetConfiguration gives all rules a value, "" takes it from them.
//
// Errors: storage.ErrInvalid; storage.ErrNotFound where there is none to take away.
func (d Desk) SetConfiguration(ctx context.Context, key, value string) error {
	e := storage.Event{Type: "rule.configuration_set", Data: map[string]any{"key": key}}
	if value == "" {
		e.Type = "rule.configuration_removed"
	}
	return d.Change(ctx, e, func(ctx context.Context) error {
		if value == "" {
			return d.DB.DeleteConfiguration(ctx, key)
		}
		err := d.DB.PutConfiguration(ctx, key, value)
		if errors.Is(err, storage.ErrConflict) {
			return fmt.Errorf("configuration of rules: %q was changed at the same moment; try again: %w", key, err)
		}
		return err
	})
}
