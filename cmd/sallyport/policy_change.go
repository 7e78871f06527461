package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// changePolicy edits the policy of a scope: the change, its version and its audit event
// are stored together, or none is. A policy that stays as it was leaves no trace.
func (h *house) changePolicy(ctx context.Context, cmd *cobra.Command, where scopeFlags, data map[string]any,
	edit func(context.Context, *policyScope, *policy.Document) error,
) error {
	return h.db.Tx(ctx, func(ctx context.Context) error {
		s, err := h.scope(ctx, where)
		if err != nil {
			return err
		}
		change := func() error {
			d, err := s.document()
			if err != nil {
				return err
			}
			if err := edit(ctx, s, &d); err != nil {
				return err
			}
			return s.put(d)
		}
		if s.settings != nil {
			_, err := h.editSettings(ctx, forced(cmd), data, func(now *storage.Settings) error { s.settings = now; return change() })
			return err
		}
		before, err := s.document()
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

// editSettings changes the tenant's settings, with a version of its policy where that
// becomes another. What would lock every administrator out is refused unless it is forced;
// then data says what it overrode.
func (h *house) editSettings(ctx context.Context, force bool, data map[string]any, edit func(*storage.Settings) error) (*storage.Settings, error) {
	s, err := h.db.Settings(ctx)
	if err != nil {
		return nil, err
	}
	old := *s
	old.Factors = slices.Clone(s.Factors)
	before, err := tenantScope(&old).document()
	if err != nil {
		return nil, err
	}
	if err := edit(s); err != nil {
		return nil, err
	}
	why, err := h.locksOut(ctx, &old, s)
	switch {
	case err != nil:
		return nil, err
	case why != "" && !force:
		return nil, &misuse{what: "this would lock every administrator out: " + why, mend: "change it, or add --force"}
	case why != "":
		data["forced"] = why
	}
	if err := h.noteVersion(ctx, tenantScope(s), before, data); err != nil {
		return nil, err
	}
	return s, h.db.PutSettings(ctx, s)
}

// noteVersion writes down that the policy of s is no longer what it was before, with data
// in the audit event. The first time it also keeps what was before, to roll back to.
func (h *house) noteVersion(ctx context.Context, s *policyScope, before policy.Document, data map[string]any) error {
	d, err := s.document()
	if err != nil {
		return err
	}
	old, err := json.Marshal(before)
	if err != nil {
		return err
	}
	text, err := json.Marshal(d)
	if err != nil || bytes.Equal(old, text) {
		return err
	}
	e := event{Type: "policy.changed", Data: map[string]any{"scope": s.id}}
	maps.Copy(e.Data, data)
	if s.client != nil {
		e.ClientID = s.id
	}
	return h.change(ctx, e, func(ctx context.Context) error {
		past, err := h.db.PolicyVersions(ctx, s.id)
		if err != nil {
			return err
		}
		if len(past) == 0 {
			if err := h.db.AddPolicyVersion(ctx, &storage.PolicyVersion{Scope: s.id, Document: old, CreatedAt: h.now()}); err != nil {
				return named(err, "policy", s.id)
			}
		}
		v := &storage.PolicyVersion{Scope: s.id, Document: text, By: administrator, CreatedAt: h.now()}
		err = h.db.AddPolicyVersion(ctx, v)
		e.Data["number"] = v.Number
		return named(err, "policy", s.id)
	})
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
