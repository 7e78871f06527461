package flows

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// decide says what l needs next, from everything that holds now.
func (e *Engine) decide(ctx context.Context, l *login) (policy.Decision, error) {
	d := policy.Decide(e.facts(l))
	if d.Need != policy.Done || l.asked || !l.wantsConsent() {
		return d, nil
	}
	if err := e.readConsent(ctx, l); err != nil {
		return d, err
	}
	return policy.Decide(e.facts(l)), nil
}

// readConsent reads what the person allowed the client before. It is the last row of
// the table, so it is read only when all rows above it are met.
func (e *Engine) readConsent(ctx context.Context, l *login) error {
	c, err := e.db.ConsentFor(ctx, l.user.ID, l.client.ID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("consent: %w", err)
	}
	l.asked = true
	if err == nil {
		l.granted = c.Scopes
	}
	return nil
}

// wantsConsent reports whether consent is a question for this client at all.
func (l *login) wantsConsent() bool {
	return l.client != nil && !l.client.Settings.FirstParty && len(l.state.Ask.Scopes) > 0 && l.user != nil
}

// facts are all that a decision about l depends on.
func (e *Engine) facts(l *login) policy.Facts {
	ask := l.state.Ask
	f := policy.Facts{
		Scene: e.policyScene(l), Ruling: e.ruling(l), AskAt: l.settings.AskAt, EnrolledNow: l.state.EnrolledNow, Skipped: l.state.Skipped,
		Now: e.now(), Prompt: ask.Prompt, MaxAge: ask.MaxAge, ACRValues: ask.ACRValues, EssentialACR: ask.EssentialACR,
		RequestedAt: ask.RequestedAt, FreshFor: e.config.FreshFor, Subject: ask.Subject, Ladder: e.ladder, WeakCounts: e.config.WeakCounts,
		Denied: l.state.Denied, Switch: l.state.Switched, OwnsSecond: l.second,
		Factors: e.factorFacts(l), Proofs: l.proofs(), ConsentGiven: l.state.Consent,
		Remembered: l.browser != nil, LastUsed: l.used, InvitedOnly: l.settings.InvitedOnly, Full: e.full(l), Enroll: ask.Enroll, Enrolled: l.state.Enrolled, Own: ask.Own,
	}
	if l.state.Risk != nil {
		f.Confidence = l.state.Risk.Confidence
	}
	if h := l.state.History; h != nil {
		f.GraceSince, f.GraceUsed = h.GraceSince, h.GraceUsed
	}
	e.documents(l, &f)
	if f.Denied == "" {
		f.Denied = l.barred()
	}
	if l.user != nil {
		f.UserID, f.UserBlocked, f.PasswordExpired = l.user.ID, l.user.Blocked, l.user.PasswordExpired && !l.tokenOnly
	}
	if l.client != nil {
		e.clientFacts(l, &f)
	}
	if r := &f.Ruling; len(r.Commands) > 0 && (r.Pending || r.Redirect) && policy.Commanded(f) {
		r.Pending, r.Redirect = false, false // what was demanded before comes first
	}
	return f
}

func (e *Engine) clientFacts(l *login, f *policy.Facts) {
	m, s := l.client.Metadata, l.client.Settings
	f.ClientDisabled = l.client.Disabled
	if len(f.ACRValues) == 0 && len(f.EssentialACR) == 0 && !l.tokenOnly {
		f.ACRValues = m.DefaultACRValues
	}
	if s.StrictACR != nil {
		f.StrictACR = *s.StrictACR
	} else {
		f.StrictACR = len(f.ACRValues) > 0 && len(e.ladder.Known(f.ACRValues)) == len(f.ACRValues)
	}
	if l.wantsConsent() {
		f.ConsentNeeded = l.asked && !covers(l.granted, l.scopes())
	}
}

// proofs are what counts for l: the session's, if it is of the same person, and its
// own in place of older ones by the same factor.
func (l *login) proofs() []factors.Proof {
	var bag []factors.Proof
	if s := l.live(); s != nil {
		bag = slices.Clone(s.Proofs)
	}
	for _, p := range l.state.Proofs {
		bag = join(bag, p)
	}
	return bag
}

// factorFacts are the factors that may be used here, in the admin's order, each with
// whether the person has it.
func (e *Engine) factorFacts(l *login) []policy.FactorFact {
	var facts []policy.FactorFact
	for _, name := range e.allowed(l) {
		info, own := e.factors.Info(name), l.usable(name)
		f := policy.FactorFact{Name: name, Info: info, Enrolled: len(own) > 0, Kinds: info.Kinds, Traits: info.Traits}
		if f.Enrolled {
			f.Traits = 0
		}
		for _, a := range own { // of several, the person may choose the best
			f.Traits |= e.factors.Grade(a)
		}
		facts = append(facts, f)
	}
	return facts
}

// allowed are the factors that the tenant and the client have switched on. Those that
// open a login are always on.
func (e *Engine) allowed(l *login) []string {
	var names []string
	for _, name := range e.factors.Names() {
		if info := e.factors.Info(name); info.First && !info.Second {
			names = append(names, name)
		}
	}
	for _, name := range l.settings.Factors {
		barred := l.client != nil && l.client.Settings.Factors != nil && !slices.Contains(l.client.Settings.Factors, name)
		if !barred {
			names = e.with(names, name)
		}
	}
	if l.state.Mailbox {
		names = e.with(names, factors.Email)
	}
	return e.exclude(l, names)
}

// exclude leaves factors out that stand alone, where there are others. A client whose
// only factor is such a one has chosen it over the tenant's.
func (e *Engine) exclude(l *login, names []string) []string {
	if s := l.state.Scripted; s != nil && s.Multifactor != nil && s.Multifactor.Provider == factors.Duo {
		return e.with(names, factors.Duo) // a script wants it for this login; the others are for who has to show one first
	}
	alone := func(name string) bool { return e.factors.Info(name).Exclusive }
	if l.client != nil && len(l.client.Settings.Factors) == 1 {
		if one := l.client.Settings.Factors[0]; alone(one) && e.factors.Info(one).Missing == "" {
			names = append(slices.DeleteFunc(names, func(name string) bool { return e.factors.Info(name).Second }), one)
		}
	}
	if !slices.ContainsFunc(names, func(name string) bool { return e.factors.Info(name).Second && !alone(name) }) {
		return names
	}
	return slices.DeleteFunc(names, alone)
}

// with adds a factor to names, switched on or not, where it can work.
func (e *Engine) with(names []string, one string) []string {
	if e.factors.Get(one) == nil || e.factors.Info(one).Missing != "" || slices.Contains(names, one) {
		return names
	}
	return append(names, one)
}

func (l *login) scopes() []string {
	scopes := make([]string, len(l.state.Ask.Scopes))
	for i, s := range l.state.Ask.Scopes {
		scopes[i] = s.Value
	}
	return scopes
}

func covers(granted, asked []string) bool {
	return !slices.ContainsFunc(asked, func(s string) bool { return !slices.Contains(granted, s) })
}
