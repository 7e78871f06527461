package flows

import (
	"context"
	"errors"
	"slices"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/flows/rules"
)

// The ends of a sign-in once the first factor is shown.
const (
	LetIn      = "let in"
	Challenged = "challenged"
	Refused    = "denied"
)

// EndOf sorts a decision.
func EndOf(d policy.Decision) string {
	switch d.Need {
	case policy.Deny:
		return Refused
	case policy.ProveSecond, policy.Enroll, policy.Redirect:
		return Challenged
	}
	return LetIn
}

// A Backtest decides recorded sign-ins anew under a draft, without doing anything: nobody
// is written to, and what scripts set is dropped.
type Backtest struct {
	Factors *factors.Registry
	Ladder  policy.Ladder
	Rules   *rules.Runner
	// Scripts are all that would run; nil: what scripts said then holds.
	Scripts []rules.Script
	// Documents take the place of those of then, where they are not nil.
	Tenant, Client, Organization *policy.Document
	// ClientID and OrganizationID are whose Client and Organization are.
	ClientID, OrganizationID string
}

// A Replay is what became of one sign-in then, and what would now.
type Replay struct {
	Was, Now string // LetIn, Challenged or Refused
	Fault    *rules.Fault
}

// Replay decides a recorded sign-in of a client anew.
func (b *Backtest) Replay(ctx context.Context, rec *Record, clientID string) (*Replay, error) {
	f := rec.Facts
	f.Factors, f.Ladder = slices.Clone(f.Factors), b.Ladder
	for i := range f.Factors {
		f.Factors[i].Info = b.Factors.Info(f.Factors[i].Name)
	}
	if b.Tenant != nil {
		f.TenantPolicy = *b.Tenant
	}
	if b.Client != nil && clientID == b.ClientID {
		f.ClientPolicy = *b.Client
	}
	if b.Organization != nil && rec.Organization == b.OrganizationID {
		f.OrganizationPolicy = *b.Organization
	}
	r := &Replay{Was: EndOf(rec.Asked)}
	if b.Scripts != nil && len(rec.Event) > 0 {
		if err := b.rule(ctx, rec, &f, r); err != nil {
			return nil, err
		}
	}
	r.Now = EndOf(policy.Decide(f))
	return r, nil
}

// rule puts what the scripts say into f.
func (b *Backtest) rule(ctx context.Context, rec *Record, f *policy.Facts, r *Replay) error {
	f.Ruling = policy.Ruling{}
	if f.Denied == deniedByRule || f.Denied == ruleFailed {
		f.Denied = ""
	}
	if len(b.Scripts) == 0 {
		return nil
	}
	v, err := b.Rules.Run(ctx, rules.Job{
		Scripts: b.Scripts, User: rec.User, Context: rec.Context, Event: rec.Event, Now: f.Now,
		CanRedirect: !slices.Contains(f.Prompt, "none"),
	})
	var fault *rules.Fault
	switch {
	case errors.As(err, &fault):
		r.Fault, f.Denied = fault, ruleFailed
		return nil
	case err != nil:
		return err
	}
	s := &scripted{}
	s.hear(v, len(b.Scripts))
	f.Ruling = s.ruling()
	f.Ruling.Pending = false // those behind a demand would wait for it
	if f.Denied == "" {
		f.Denied = s.denied()
	}
	return nil
}
