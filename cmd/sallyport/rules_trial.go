package main

import (
	"context"
	"net/url"

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
	issuer, err := url.Parse(or(h.settings.Issuer, "https://id.example.com/"))
	if err != nil {
		return rules.Job{}, err
	}
	own, err := h.db.Authenticators(ctx, u.ID)
	if err != nil {
		return rules.Job{}, err
	}
	return flows.ScriptTrial{
		Imagined: flows.Imagined{
			Issuer: issuer, DB: h.db, Factors: h.factors, User: u, Authenticators: own, Client: client, Connection: h.settings.Login.Connection, Now: h.now(),
		},
		Script: s, More: more,
	}.Job(ctx)
}
