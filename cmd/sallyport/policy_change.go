package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

// changePolicy edits the policy of a scope: the change, its version and its audit event
// are stored together, or none is. A policy that stays as it was leaves no trace.
func (h *house) changePolicy(ctx context.Context, cmd *cobra.Command, where scopeFlags, data map[string]any,
	edit func(context.Context, *management.PolicyScope, *policy.Document) error,
) error {
	return h.db.Tx(ctx, func(ctx context.Context) error {
		s, err := h.scope(ctx, where)
		if err != nil {
			return err
		}
		change := func() error {
			d, err := s.Document()
			if err != nil {
				return err
			}
			if err := edit(ctx, s, &d); err != nil {
				return err
			}
			return s.Put(d)
		}
		if s.Settings != nil {
			_, err := h.editSettings(ctx, forced(cmd), data, func(now *storage.Settings) error { s.Settings = now; return change() })
			return err
		}
		before, err := s.Document()
		if err != nil {
			return err
		}
		if err := change(); err != nil {
			return err
		}
		if err := h.noteVersion(ctx, s, before, data); err != nil {
			return err
		}
		return h.store(ctx, s)
	})
}

// desk is where this machine's administrator changes what holds for everybody.
func (h *house) desk(force bool) management.Desk {
	return management.Desk{DB: h.db, Factors: h.factors, Actor: administrator, Force: force, Now: h.now, Compile: compileScript}
}

// editSettings changes the tenant's settings, as management.Desk does.
func (h *house) editSettings(ctx context.Context, force bool, data map[string]any, edit func(*storage.Settings) error) (*storage.Settings, error) {
	s, err := h.desk(force).EditSettings(ctx, data, edit)
	return s, unforced(err)
}

// unforced says how to change all the same what locks administrators out.
func unforced(err error) error {
	var out *management.LockOut
	if errors.As(err, &out) {
		return &misuse{what: out.Error(), mend: "change it, or add --force"}
	}
	return err
}

// noteVersion writes down that the policy of s is no longer what it was before.
func (h *house) noteVersion(ctx context.Context, s *management.PolicyScope, before policy.Document, data map[string]any) error {
	return named(h.desk(false).NoteVersion(ctx, s, before, data), "policy", s.ID)
}

// forceFlag lets a verb override what editSettings refuses.
func forceFlag(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().Bool("force", false, "do it even where no administrator could sign in afterwards")
	return cmd
}

func forced(cmd *cobra.Command) bool {
	f := cmd.Flags().Lookup("force")
	return f != nil && f.Value.String() == "true"
}
