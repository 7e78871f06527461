package flows

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/flows/risk"
	"github.com/sallyport-id/sallyport/flows/rules"
	"github.com/sallyport-id/sallyport/storage"
)

// Outcomes of a record.
const (
	OutcomeOpen      = "open" // nobody has finished it
	OutcomeDone      = "done"
	OutcomeDenied    = "denied"
	OutcomeCancelled = "cancelled"
)

// A Record is why a sign-in went as it did: what was known when a second factor was or was
// not asked for, what scripts and policies said, and what came of it. It holds personal
// data and is kept for Config.RecordFor.
type Record struct {
	LoginID string `json:"login_id"`
	// Organization is the id of the one that was signed in to, "" for none.
	Organization string    `json:"organization,omitempty"`
	At           time.Time `json:"at"`
	Address      string    `json:"address,omitempty"`
	Agent        string    `json:"user_agent,omitempty"`
	// Facts and Asked are the decision at the point where rules had spoken and nothing
	// but the first factor was shown.
	Facts policy.Facts    `json:"facts"`
	Asked policy.Decision `json:"asked"`
	Risk  *risk.Report    `json:"risk,omitempty"`
	// User, Context and Event are what scripts saw, empty where none ran.
	User    json.RawMessage `json:"user,omitempty"`
	Context json.RawMessage `json:"context,omitempty"`
	Event   json.RawMessage `json:"event,omitempty"`
	Scripts []string        `json:"scripts,omitempty"` // names, in the order in which they ran
	Steps   []rules.Step    `json:"steps,omitempty"`
	Denial  *rules.Denial   `json:"denial,omitempty"`
	Shown   []string        `json:"shown,omitempty"` // factors, in the order in which they were shown
	Final   policy.Decision `json:"final"`
}

// witness keeps what a decision was made on, the first time that more than the first
// factor is in question, and returns the record to store where that or the outcome is new.
func (e *Engine) witness(ctx context.Context, r *http.Request, l *login, d policy.Decision) *storage.Decision {
	if l.user == nil || d.Need == policy.Identify || d.Need == policy.ProveFirst || d.Need == policy.Reset {
		return nil
	}
	fresh := l.state.Record == nil
	if fresh {
		l.state.Record = e.capture(ctx, r, l, d)
	}
	if !fresh && d.Need != policy.Done && d.Need != policy.Deny {
		return nil
	}
	return e.write(l, d)
}

// capture is the record as far as it is known now.
func (e *Engine) capture(ctx context.Context, r *http.Request, l *login, d policy.Decision) *Record {
	rec := &Record{
		LoginID: l.row.ID, Organization: l.state.Ask.Organization, At: l.state.Ask.RequestedAt, Address: e.addressOf(r), Agent: clip(r.UserAgent(), maxAgent),
		Facts: e.facts(l), Asked: d, Risk: l.state.Risk,
	}
	for _, s := range l.scripts {
		rec.Scripts = append(rec.Scripts, s.Name)
	}
	if l.seen == nil && l.client != nil {
		seen, err := e.about(ctx, r, l, nil)
		if err != nil {
			e.log.ErrorContext(ctx, "what scripts would have seen is not recorded", "error", err)
			return rec
		}
		l.seen = seen
	}
	if l.seen != nil {
		rec.User, rec.Context, rec.Event = l.seen.user, l.seen.context, l.seen.event
	}
	return rec
}

// write is the row of a record, with what has come of the login. Where nothing was in
// question yet there is none.
func (e *Engine) write(l *login, d policy.Decision) *storage.Decision {
	if l.state.Record == nil || l.user == nil || e.config.RecordFor == 0 {
		return nil
	}
	rec := *l.state.Record
	rec.Final = d
	for _, p := range l.state.Proofs {
		rec.Shown = append(rec.Shown, p.Factor)
	}
	if s := l.state.Scripted; s != nil {
		rec.Steps, rec.Denial = s.Steps, s.Denial
	}
	seen := []json.RawMessage{rec.User, rec.Context, rec.Event}
	rec.User, rec.Context, rec.Event = nil, nil, nil
	b, err := json.Marshal(rec)
	if err != nil {
		e.log.Error("decision is not recorded", "error", err)
		return nil
	}
	for i, name := range []string{"user", "context", "event"} {
		if len(seen[i]) > 0 {
			b = attach(b, name, seen[i])
		}
	}
	row := &storage.Decision{
		ID: l.row.ID, At: rec.At, UserID: l.user.ID, Outcome: l.outcome(d), Data: b, ExpiresAt: e.now().Add(e.config.RecordFor),
	}
	if l.client != nil {
		row.ClientID = l.client.ID
	}
	return row
}

func (l *login) outcome(d policy.Decision) string {
	switch {
	case l.state.Denied == cancelled:
		return OutcomeCancelled
	case d.Need == policy.Deny || l.state.Denied != "":
		return OutcomeDenied
	case d.Need == policy.Done:
		return OutcomeDone
	}
	return OutcomeOpen
}

// source is who wanted a second factor, or none, in the decision that was kept.
func (rec *Record) source(d policy.Decision) string {
	if d.Source != "" || rec == nil {
		return d.Source
	}
	return rec.Asked.Source
}

// denial is what the audit log says of a denial.
func (l *login) denial(d policy.Decision) map[string]any {
	data := map[string]any{"reason": d.Reason}
	if d.Source != "" {
		data["source"] = d.Source
	}
	if s := l.state.Scripted; s != nil && s.Denial != nil {
		data["rule"], data["line"] = s.Denial.Script, s.Denial.Line
	}
	return data
}

// ReadRecord reads the record of a row.
func ReadRecord(row *storage.Decision) (*Record, error) {
	r := &Record{}
	if err := json.Unmarshal(row.Data, r); err != nil {
		return nil, fmt.Errorf("record of %s: %w", row.ID, err)
	}
	return r, nil
}
