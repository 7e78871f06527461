package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/flows/rules"
	"github.com/sallyport-id/sallyport/storage"
)

// trial is the job of one script, a person and what of their sign-in is given.
func (h *house) trial(ctx context.Context, s rules.Script, u *storage.User, clientID string, more map[string]any) (rules.Job, error) {
	client := &storage.Client{ID: "cli_trial", Name: "Trial"}
	if clientID != "" {
		var err error
		if client, err = h.db.ClientByID(ctx, clientID); err != nil {
			return rules.Job{}, named(err, "client", clientID)
		}
	}
	now := h.now()
	issuer, err := url.Parse(or(h.settings.Issuer, "https://id.example.com/"))
	if err != nil {
		return rules.Job{}, err
	}
	user, about, event, err := h.imagine(ctx, issuer, u, client, now)
	if err != nil {
		return rules.Job{}, err
	}
	facts, secrets := event, "secrets"
	if s.Kind == rules.Rule {
		facts, secrets = about, "configuration"
		override(user, members(more["user"]))
		delete(more, "user")
	}
	s.Secrets = map[string]string{}
	for key, value := range members(more[secrets]) {
		s.Secrets[key] = fmt.Sprint(value)
	}
	delete(more, secrets)
	override(facts, more)
	job := rules.Job{Scripts: []rules.Script{s}, CanRedirect: true, Issuer: issuer.Host, Now: now}
	for into, value := range map[*json.RawMessage]any{&job.User: user, &job.Context: about, &job.Event: event} {
		b, err := json.Marshal(value)
		if err != nil {
			return job, fmt.Errorf("rules: the facts of a trial: %w", err)
		}
		*into = b
	}
	return job, nil
}

// override puts members of with into base, objects member by member.
func override(base, with map[string]any) {
	for name, value := range with {
		inner, both := base[name].(map[string]any)
		if deeper, ok := value.(map[string]any); ok && both {
			override(inner, deeper)
			continue
		}
		base[name] = value
	}
}

// members are those of an object; anything else has none.
func members(value any) map[string]any {
	object, _ := value.(map[string]any)
	return object
}

// imagine are the facts of a sign-in that does not happen, to be changed.
func (h *house) imagine(ctx context.Context, issuer *url.URL, u *storage.User, client *storage.Client, now time.Time) (user, about, event map[string]any, err error) {
	own, err := h.db.Authenticators(ctx, u.ID)
	if err != nil {
		return nil, nil, nil, err
	}
	asUser, asContext, asEvent, err := flows.Imagine(ctx, flows.Imagined{
		Issuer: issuer, DB: h.db, Factors: h.factors, User: u, Authenticators: own, Client: client, Connection: h.settings.Login.Connection, Now: now,
	})
	if err != nil {
		return nil, nil, nil, err
	}
	for text, into := range map[*json.RawMessage]*map[string]any{&asUser: &user, &asContext: &about, &asEvent: &event} {
		if err := json.Unmarshal(*text, into); err != nil {
			return nil, nil, nil, err
		}
	}
	return user, about, event, nil
}
