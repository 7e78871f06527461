package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) explainCommand() *cobra.Command {
	var user string
	cmd := &cobra.Command{
		Use: "explain [LOGIN]", Short: "Say why a sign-in went as it did", Args: cobra.MaximumNArgs(1),
		Long: `Say of one sign-in what was known, what rules, policies and the application wanted, and
what came of it. LOGIN is the login_id of an event in the audit log; with --user it is that
person's latest one. Records are kept for login.record_for.`,
		Example: `  sallyport explain lgn_…
  sallyport explain --user anna`,
	}
	cmd.Flags().StringVar(&user, "user", "", "the latest sign-in of this `user`")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if (len(args) == 1) == (user != "") {
			return &misuse{what: "say which sign-in", mend: "write `sallyport explain LOGIN` or `sallyport explain --user USER`"}
		}
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			row, err := h.decision(ctx, args, user)
			if err != nil {
				return err
			}
			rec, err := flows.ReadRecord(row)
			if err != nil {
				return err
			}
			e, err := h.explanation(ctx, row, rec)
			if err != nil {
				return err
			}
			return c.show(e, e.write)
		})
	}
	return cmd
}

// decision finds the record that is meant.
func (h *house) decision(ctx context.Context, args []string, user string) (*storage.Decision, error) {
	if user == "" {
		row, err := h.db.DecisionByID(ctx, args[0])
		return row, noRecord(err, args[0])
	}
	u, err := h.user(ctx, user)
	if err != nil {
		return nil, err
	}
	row, err := h.db.LatestDecision(ctx, u.ID)
	return row, noRecord(err, "a sign-in of "+user)
}

func noRecord(err error, of string) error {
	if errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("there is no record of %s; login_id in `sallyport audit list --type login.` names those that there are%w", of, quiet{err})
	}
	return err
}

// An explanation is a record in the words of an administrator.
type explanation struct {
	Login   string        `json:"login"`
	At      time.Time     `json:"at"`
	Outcome string        `json:"outcome"`
	User    string        `json:"user"`
	Client  string        `json:"client,omitempty"`
	Decided string        `json:"decided_by"` // the row or rule that decided
	Story   []string      `json:"story"`
	Record  *flows.Record `json:"record"`
}

func (e *explanation) write(w io.Writer) {
	row(w, "sign-in", e.Login)
	row(w, "at", e.At.Format(time.RFC3339))
	row(w, "person", e.User)
	row(w, "application", e.Client)
	row(w, "outcome", e.Outcome)
	row(w, "decided by", plain(e.Decided))
	for _, line := range e.Story {
		row(w, "", plain(line))
	}
}

// explanation tells a record.
func (h *house) explanation(ctx context.Context, row *storage.Decision, rec *flows.Record) (*explanation, error) {
	e := &explanation{Login: row.ID, At: row.At, Outcome: row.Outcome, User: row.UserID, Client: row.ClientID, Record: rec}
	if u, err := h.db.UserByID(ctx, row.UserID); err == nil {
		e.User = u.Username
	}
	if row.ClientID != "" {
		if c, err := h.db.ClientByID(ctx, row.ClientID); err == nil {
			e.Client = c.Name
		}
	}
	scripts, err := h.db.Scripts(ctx)
	if err != nil {
		return nil, err
	}
	why := reason{Record: rec, kinds: map[string]string{}}
	for _, s := range scripts {
		why.kinds[s.Name] = s.Kind
	}
	e.Decided = why.decided()
	e.Story = why.story()
	return e, nil
}

// story is what happened, a line each.
func (rec *reason) story() []string {
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	f := rec.Facts
	say("from %s", place(rec.Record))
	if r := rec.Risk; r != nil {
		var parts []string
		for name, a := range r.Assessments {
			parts = append(parts, fmt.Sprintf("%s %s (%s)", name, a.Confidence, a.Code))
		}
		slices.Sort(parts)
		say("confidence that it was them: %s — %s", r.Confidence, strings.Join(parts, ", "))
	}
	for _, s := range rec.Steps {
		said := "said nothing"
		if len(s.Said) > 0 {
			said = "said " + strings.Join(s.Said, ", ")
		}
		say("%s %s (%s)", rec.script(s.Script), said, s.Took.Round(10*time.Microsecond))
		for _, line := range s.Console {
			say("    %s", line)
		}
	}
	for _, one := range []struct {
		scope string
		d     policy.Document
	}{{"organization", f.OrganizationPolicy}, {"client", f.ClientPolicy}, {"tenant", f.TenantPolicy}} {
		if one.d.Policy != "" || len(one.d.Rows) > 0 {
			say("policy of the %s: %s%s", one.scope, or(one.d.Policy, "none"), rows(one.d))
		}
	}
	if asked := slices.Concat(f.EssentialACR, f.ACRValues); len(asked) > 0 {
		say("the application asked for %s", strings.Join(asked, ", "))
	}
	if f.Remembered {
		say("the browser is remembered")
	}
	say("then: %s (%s)", flows.EndOf(rec.Asked), rec.Asked.Reason)
	if rec.Final.Reason == "grace" {
		say("the person put setting up a factor off")
	}
	if len(rec.Shown) > 0 {
		say("shown: %s", strings.Join(rec.Shown, ", "))
	}
	if rec.Final.Need == policy.Done {
		say("tokens say: acr %s, amr %s", or(rec.Final.ACR, "none"), strings.Join(rec.Final.AMR, " "))
	}
	return lines
}

func rows(d policy.Document) string {
	if len(d.Rows) == 0 {
		return ""
	}
	var names []string
	for _, r := range d.Rows {
		names = append(names, strconv.Quote(r.Name)+" → "+r.Policy)
	}
	return ", rows " + strings.Join(names, "; ")
}

func place(rec *flows.Record) string {
	s := rec.Facts.Scene
	where := s.Country
	if where == "" {
		where = "an unknown place"
	}
	return fmt.Sprintf("%s, %s", or(s.Address, rec.Address), where)
}
