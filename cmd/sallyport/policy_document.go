package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/cmd/sallyport/config"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

const maxDocument = 256 << 10 // bytes of a policy document

func (c *cli) policyApply() *cobra.Command {
	var where scopeFlags
	cmd := forceFlag(&cobra.Command{
		Use: "apply FILE", Short: "Replace the tenant's policy, or an organization's or a client's, by a document", Args: takes("FILE"),
		Long: `FILE is YAML or JSON, - standard input. The first row whose conditions all hold decides; without
one, policy does. Conditions are networks, countries, continents, roles, groups, scopes,
connection and time, each a value, a list of which one has to fit, or not: with one of these. A
document that is wrong is refused with the lines, and the one that runs goes on.`,
		Example: `  sallyport policy apply acme.yaml --organization acme

  policy: always
  factors: [webauthn-roaming, otp]
  interval: 8h
  grace: {for: 14d, sign_ins: 5}
  rows:
    - name: office
      when: {networks: 203.0.113.0/24, time: {days: [mon, tue, wed, thu, fri], from: "08:00", to: "18:00", zone: Europe/Berlin}}
      policy: never
    - name: abroad
      when: {countries: {not: [DE, AT]}, roles: admin}
      policy: deny`,
	})
	where.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		text, err := c.readAll(args[0])
		if err != nil {
			return err
		}
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			d, err := h.parseDocument(args[0], text)
			if err != nil {
				return err
			}
			return c.replacePolicy(ctx, cmd, h, where, map[string]any{}, func(context.Context, *management.PolicyScope) (policy.Document, error) { return d, nil })
		})
	}
	return cmd
}

// replacePolicy puts what find gives in the place of a scope's document and shows which
// version that is.
func (c *cli) replacePolicy(ctx context.Context, cmd *cobra.Command, h *house, where scopeFlags, data map[string]any,
	find func(context.Context, *management.PolicyScope) (policy.Document, error),
) error {
	var id string
	err := h.changePolicy(ctx, cmd, where, data, func(ctx context.Context, s *management.PolicyScope, d *policy.Document) error {
		fresh, err := find(ctx, s)
		if err == nil && s.Settings != nil {
			err = h.checkTogether(fresh.Factors)
		}
		id, *d = s.ID, fresh
		return err
	})
	if err != nil {
		return err
	}
	past, err := h.db.PolicyVersions(ctx, id)
	if err != nil {
		return err
	}
	view := storage.PolicyVersion{Scope: id}
	if len(past) > 0 {
		view = *past[0]
	}
	return c.show(view, func(w io.Writer) {
		row(w, "scope", view.Scope)
		row(w, "version", view.Number)
	})
}

// parseDocument reads a document that an administrator wrote. The name is for its faults.
func (h *house) parseDocument(name string, text []byte) (policy.Document, error) {
	text, err := config.JSON(name, text)
	if err != nil {
		return policy.Document{}, err
	}
	d, err := policy.ParseDocument(text, func(factor string) bool { return h.factors.Get(factor) != nil && h.factors.Info(factor).Second })
	if err != nil {
		return d, &misuse{what: fmt.Sprintf("%s:\n%v\nnothing was changed", name, err), mend: "mend the document"}
	}
	return d, nil
}

// checkTogether says whether factors can all be enabled for the tenant.
func (h *house) checkTogether(names []string) error {
	for _, name := range names {
		if lacks := h.factors.Info(name).Missing; lacks != "" {
			return &misuse{what: name + " cannot work: " + lacks + " is not set", mend: "see `sallyport factor set --help`"}
		}
		if err := h.desk(false).Beside(name, slices.DeleteFunc(slices.Clone(names), func(other string) bool { return other == name })); err != nil {
			return err
		}
	}
	return nil
}

// readAll reads a document's file.
func (c *cli) readAll(path string) ([]byte, error) {
	in, err := c.openInput(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }() // read only
	text, err := io.ReadAll(io.LimitReader(in, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(text) > maxDocument {
		return nil, &misuse{what: fmt.Sprintf("%s has more than %d bytes", path, maxDocument), mend: "make it shorter"}
	}
	return text, nil
}

// showDocument prints a document as policy apply takes it, --json or not.
func (c *cli) showDocument(d policy.Document) error {
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.out, string(b))
	return err
}
