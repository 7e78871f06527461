package flows

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/flows/rules"
	"github.com/sallyport-id/sallyport/storage"
)

// maxCommands is how many challenges and enrolments the scripts of one login may demand,
// as in Auth0.
const maxCommands = 4

// noMailbox is the reason of a denial where a sign-in looks strange and nothing can vouch
// for it.
const noMailbox = "no_mailbox"

// waitForWorker bounds how long a login waits until its scripts can run.
const waitForWorker = 5 * time.Second

// Reasons of denials by scripts.
const (
	deniedByRule = "rule_denied" // it said so
	ruleFailed   = "rule_failed" // it failed, which is the same to the person
)

// A scripted is what rules and actions said of a login so far.
type scripted struct {
	// Of is the list of scripts that was run, by its hash: where some have still to run and
	// others were deployed since, all begin anew. Next is the one to go on with; Over, that there is none.
	Of   string `json:"of"`
	Next int    `json:"next,omitempty"`
	Over bool   `json:"over,omitempty"`

	Denial      *rules.Denial      `json:"denial,omitempty"`
	Multifactor *rules.Multifactor `json:"multifactor,omitempty"`
	Commands    []policy.Command   `json:"commands,omitempty"`
	// NoCodes is true where a script wants no code of the phone instead of its answer.
	NoCodes bool `json:"no_codes,omitempty"`
	// Redirect is where the person has to go first; Away, that they went, by the script
	// that sent them.
	Redirect *rules.Redirect `json:"redirect,omitempty"`
	Away     string          `json:"away,omitempty"`

	IDToken      map[string]any `json:"id_token,omitempty"`
	AccessToken  map[string]any `json:"access_token,omitempty"`
	Scopes       *rules.Scopes  `json:"scopes,omitempty"`
	UserMetadata map[string]any `json:"user_metadata,omitempty"`
	AppMetadata  map[string]any `json:"app_metadata,omitempty"`
	Transaction  map[string]any `json:"transaction,omitempty"`
	Steps        []rules.Step   `json:"steps,omitempty"`
}

// settle decides, and runs the scripts where that is what is needed. It is for requests
// that store the login; others show what was decided then.
func (e *Engine) settle(ctx context.Context, r *http.Request, l *login) (policy.Decision, error) {
	for range maxCommands + 2 + len(l.scripts) {
		d, err := e.decide(ctx, l)
		if err == nil && d.Reason == noMailbox && !l.state.Mailbox {
			l.state.Mailbox = true
			e.imply(l, l.all)
			continue
		}
		if err != nil || d.Need != policy.Rules {
			return d, err
		}
		e.assess(ctx, r, l)
		if len(l.scripts) == 0 {
			if l.state.Scripted != nil {
				l.state.Scripted.Over = true // those that were left are gone
			}
			continue
		}
		if err := e.script(ctx, r, l, nil); err != nil {
			return d, err
		}
	}
	return policy.Decision{}, errors.New("scripts: they never come to an end")
}

// script runs the scripts that are due, with what the person brought back where one of
// them had sent them elsewhere.
func (e *Engine) script(ctx context.Context, r *http.Request, l *login, back url.Values) error {
	s := l.state.Scripted
	if of := fingerprint(l.scripts); s == nil || s.Of != of {
		s = &scripted{Of: of}
		l.state.Scripted = s
	}
	job, err := e.job(ctx, r, l, back)
	if err != nil {
		return err
	}
	verdict, err := e.execute(ctx, job)
	if err != nil {
		e.faulted(ctx, l, s, err)
		return nil
	}
	e.heed(l, s, verdict)
	return nil
}

// faulted makes a denial of what went wrong in a script: it fails closed.
func (e *Engine) faulted(ctx context.Context, l *login, s *scripted, err error) {
	s.Denial = &rules.Denial{Script: "rules", Reason: err.Error(), Fault: true}
	var f *rules.Fault
	if errors.As(err, &f) {
		s.Denial.Script, s.Denial.Line, s.Denial.Reason = f.Script, f.Line, f.Why
		s.Steps = append(s.Steps, f.Steps...)
	}
	s.Over = true
	e.log.WarnContext(ctx, "script failed", "script", s.Denial.Script, "line", s.Denial.Line, "login_id", l.row.ID)
}

func (e *Engine) execute(ctx context.Context, job rules.Job) (*rules.Verdict, error) {
	if e.rules == nil {
		return nil, &rules.Fault{Script: "rules", Why: "this process runs no scripts"}
	}
	ctx, cancel := context.WithTimeout(ctx, waitForWorker)
	defer cancel()
	return e.rules.Run(ctx, job)
}

// heed takes a verdict into the login.
func (e *Engine) heed(l *login, s *scripted, v *rules.Verdict) {
	s.hear(v, len(l.scripts))
	for _, method := range v.Methods {
		l.state.Proofs = join(l.state.Proofs, custom(method, e.now()))
	}
	for key, c := range v.Cache {
		e.scriptCache.put(key, c, e.now())
	}
}

// hear adds a verdict of so many scripts to what was said before.
func (s *scripted) hear(v *rules.Verdict, scripts int) {
	s.Next, s.Over = v.Next, v.Next >= scripts && v.Redirect == nil
	s.Denial = v.Denial
	if v.Multifactor != nil {
		s.Multifactor = v.Multifactor
	}
	for _, c := range v.Commands {
		s.Commands = append(s.Commands, commandOf(c))
		s.NoCodes = s.NoCodes || slices.ContainsFunc(c.Factors, func(f rules.Factor) bool { return f.Options["otpFallback"] == false })
	}
	switch {
	case s.Denial != nil:
	case len(s.Commands) > maxCommands:
		s.Denial = &rules.Denial{Script: s.Commands[maxCommands].Script, Reason: fmt.Sprintf("more than %d challenges and enrolments were demanded in one sign-in", maxCommands), Fault: true}
	case v.Redirect != nil && s.Away == v.Redirect.Script:
		s.Denial = &rules.Denial{Script: v.Redirect.Script, Reason: "it sent the person elsewhere again when they came back", Fault: true}
	}
	s.Redirect = v.Redirect
	merge(&s.IDToken, v.IDToken)
	merge(&s.AccessToken, v.AccessToken)
	merge(&s.UserMetadata, v.UserMetadata)
	merge(&s.AppMetadata, v.AppMetadata)
	merge(&s.Transaction, v.Transaction)
	if v.Scopes != nil {
		if s.Scopes == nil {
			s.Scopes = &rules.Scopes{}
		}
		s.Scopes.Add, s.Scopes.Remove = append(s.Scopes.Add, v.Scopes.Add...), append(s.Scopes.Remove, v.Scopes.Remove...)
	}
	s.Steps = append(s.Steps, v.Steps...)
}

func merge(into *map[string]any, from map[string]any) {
	if len(from) == 0 {
		return
	}
	if *into == nil {
		*into = map[string]any{}
	}
	maps.Copy(*into, from)
}

// commandOf is a script's demand in our names.
func commandOf(c rules.Command) policy.Command {
	mine := policy.Command{Script: c.Script, Enroll: c.Verb == "enroll", Picker: c.Any && len(c.Factors) > 1}
	for _, f := range c.Factors {
		for _, name := range factorNames(f) {
			if !slices.Contains(mine.Factors, name) {
				mine.Factors = append(mine.Factors, name)
			}
		}
	}
	return mine
}

// ruling is what scripts said, as policies hear it.
func (e *Engine) ruling(l *login) policy.Ruling {
	s := l.state.Scripted
	if s == nil {
		unassessed := l.user != nil && l.state.Risk == nil && e.assesses(l)
		return policy.Ruling{Pending: len(l.scripts) > 0 || unassessed}
	}
	return s.ruling()
}

func (s *scripted) ruling() policy.Ruling {
	r := policy.Ruling{Pending: !s.Over && s.Redirect == nil, Commands: s.Commands, Redirect: s.Redirect != nil}
	if m := s.Multifactor; m != nil {
		r.Provider, r.Remember, r.Script = m.Provider, m.AllowRememberBrowser, m.Script
	}
	return r
}

// fingerprint is a list of scripts with their versions.
func fingerprint(list []*storage.LiveScript) string {
	h := sha256.New()
	for _, s := range list {
		fmt.Fprintf(h, "%s %d\n", s.ID, s.Deployed)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// live are the scripts that run in every sign-in to an application, read with what surrounds
// the login. On pages of our own none runs: nothing there that a script could lock.
func (e *Engine) live(ctx context.Context, l *login) error {
	var err error
	if l.scripts, err = e.db.CachedScripts(ctx); err != nil {
		return fmt.Errorf("scripts: %w", err)
	}
	return nil
}

// job is what the scripts of l see.
func (e *Engine) job(ctx context.Context, r *http.Request, l *login, back url.Values) (rules.Job, error) {
	s := l.state.Scripted
	j := rules.Job{
		From: s.Next, Continue: back != nil && s.Next < len(l.scripts) && l.scripts[s.Next].Name == s.Away && l.scripts[s.Next].Kind == rules.Action,
		CanRedirect: !slices.Contains(l.state.Ask.Prompt, "none") && !l.tokenOnly && l.state.Ask.Direct == "",
		Issuer:      e.issuer.Host, Cache: e.scriptCache.values(e.now()), Now: e.now(),
	}
	for _, one := range l.scripts {
		j.Scripts = append(j.Scripts, rules.Script{Name: one.Name, Kind: one.Kind, Source: one.Source, Secrets: one.Secrets})
	}
	about, err := e.about(ctx, r, l, back)
	if err != nil {
		return j, err
	}
	if l.seen == nil {
		l.seen = about
	}
	j.User, j.Context, j.Event = about.user, about.context, about.event
	return j, nil
}

// claims are those that scripts set. Which they may set is the protocol's to say.
func (l *login) claims() Claims {
	s := l.state.Scripted
	if s == nil {
		return Claims{}
	}
	c := Claims{IDToken: s.IDToken, AccessToken: s.AccessToken}
	if s.Scopes != nil {
		c.Add, c.Remove = slices.Clone(s.Scopes.Add), slices.Clone(s.Scopes.Remove)
	}
	return c
}
