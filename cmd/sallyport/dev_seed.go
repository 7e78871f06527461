package main

import (
	"context"
	"errors"

	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

const (
	demoAudience   = "https://api.demo.sallyport.example/"
	ledgerAudience = "https://ledger.demo.sallyport.example/"
)

// demoAPIs are one of each token format.
func demoAPIs() []*storage.API {
	return []*storage.API{
		{Audience: demoAudience, Name: "Demo API", TokenFormat: "jwt", Scopes: []storage.Scope{
			{Value: "read", Description: "See your balance"}, {Value: "transfer", Description: "Move your money"}}},
		{Audience: ledgerAudience, Name: "Demo ledger", TokenFormat: "opaque", Scopes: []storage.Scope{
			{Value: "read", Description: "See the ledger"}}},
	}
}

// seed puts the demo's people, applications and APIs into the register, or brings
// the addresses of those that are there up to date.
func (h *house) seed(ctx context.Context, d *demoData, st *stage) error {
	err := h.db.Tx(ctx, func(ctx context.Context) error {
		if err := h.seedOnce(ctx, d.Users[fresh].Username); err != nil {
			return err
		}
		for _, api := range demoAPIs() {
			if err := h.db.CreateAPI(ctx, api); err != nil && !errors.Is(err, storage.ErrConflict) {
				return err
			}
		}
		for _, one := range demoClients(origin(st.app)) {
			if err := h.seedClient(ctx, d, &one); err != nil {
				return err
			}
		}
		for i := range d.Users {
			if err := h.seedUser(ctx, &d.Users[i], i == enrolled); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, d.save())
}

// seedOnce puts in, at the first start, what afterwards stays as the visitor left it: the
// factors, and a rule that is deployed and does not run before somebody enables it.
func (h *house) seedOnce(ctx context.Context, first string) error {
	if _, err := h.db.UserByLogin(ctx, first); !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	if err := h.seedFactors(ctx); err != nil {
		return err
	}
	source := demo.Rule
	_, err := h.desk(false).EditScript(ctx, &storage.Script{Name: demo.RuleName, Kind: storage.ScriptRule}, management.ScriptEdit{Source: &source, Deploy: true})
	return err
}

// seedFactors switches on what works beside another.
func (h *house) seedFactors(ctx context.Context) error {
	s, err := h.db.Settings(ctx)
	if err != nil {
		return err
	}
	s.Factors = nil
	for _, name := range h.factors.Names() {
		if info := h.factors.Info(name); info.Second && info.Missing == "" && !info.Exclusive {
			s.Factors = append(s.Factors, name)
		}
	}
	return h.db.PutSettings(ctx, s)
}

func (h *house) seedClient(ctx context.Context, d *demoData, one *demoClient) error {
	c := one.client
	if err := management.OfClient(c).Put(one.policy); err != nil {
		return err
	}
	management.ClientDefaults(c)
	if err := management.ValidateClient(c); err != nil {
		return err
	}
	if needsSecret(c) {
		c.Secrets = []storage.ClientSecret{{Hash: h.hashSecret(d.secret(c.ID)), CreatedAt: h.now()}}
	}
	old, err := h.db.ClientByID(ctx, c.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return h.db.CreateClient(ctx, c)
	}
	if err != nil {
		return err
	}
	// Only what depends on this start: what somebody tried out with the verbs stays.
	old.Secrets = c.Secrets
	old.Metadata.RedirectURIs, old.Metadata.PostLogoutRedirectURIs = c.Metadata.RedirectURIs, c.Metadata.PostLogoutRedirectURIs
	return h.db.UpdateClient(ctx, old)
}

// seedUser adds a person once; afterwards they are as the visitor left them.
func (h *house) seedUser(ctx context.Context, u *demo.User, withCode bool) error {
	_, err := h.db.UserByLogin(ctx, u.Username)
	if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	names := map[string][2]string{"ada": {"Ada", "Lovelace"}, "grace": {"Grace", "Hopper"}, "alan": {"Alan", "Turing"}}[u.Username]
	user := &storage.User{
		ID: storage.NewID("usr"), Username: u.Username, Email: u.Username + "@demo.example", EmailVerified: true,
		Name: names[0] + " " + names[1], GivenName: names[0], FamilyName: names[1], Locale: "en",
	}
	if err := h.db.CreateUser(ctx, user); err != nil {
		return err
	}
	if err := h.setPassword(ctx, user, u.Password); err != nil {
		return err
	}
	if !withCode {
		u.TOTPSecret = nil
		return nil
	}
	a, challenge, err := h.factors.Get(factors.OTP).Enroll(ctx, subjectOf(user, true, h.now()), nil)
	if err != nil {
		return err
	}
	a.ConfirmedAt = h.now()
	u.TOTPSecret = &challenge.Prompt.Key
	return h.addAuthenticator(ctx, user, a)
}
