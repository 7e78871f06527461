package main

import (
	"context"
	"errors"

	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
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

// A demoClient is a registration with what the demo says about it.
type demoClient struct {
	name, title, explanation string // title empty: not for the demo application
	client                   *storage.Client
}

// demoClients are the kinds of applications that there are.
func demoClients(app string) []demoClient {
	noPKCE := false
	own := map[string][]string{demoAudience: {"read", "transfer"}, ledgerAudience: {"read"}}
	signsIn := func(id, name, method, rule string, firstParty bool) *storage.Client {
		c := &storage.Client{ID: "demo-" + id, Name: name}
		c.Metadata = storage.ClientMetadata{
			ApplicationType: "native", TokenEndpointAuthMethod: method,
			GrantTypes: []string{"authorization_code", "refresh_token"},
			// The second one is for scripts: RFC 8252 §7.3 lets them use any port.
			RedirectURIs:           []string{app + "/callback/" + id, "http://127.0.0.1/callback"},
			PostLogoutRedirectURIs: []string{app + "/signed-out"},
		}
		c.Settings = storage.ClientSettings{Policy: rule, FirstParty: firstParty, Audiences: own}
		return c
	}
	confidential := signsIn("confidential", "Demo shop", "client_secret_basic", policy.Never, true)
	confidential.Settings.RequirePKCE = &noPKCE
	vault := signsIn("duo", "Demo vault", "client_secret_basic", policy.Always, true)
	vault.Settings.Factors = []string{factors.Duo}
	machine := &storage.Client{ID: "demo-machine", Name: "Demo night job"}
	machine.Metadata = storage.ClientMetadata{GrantTypes: []string{"client_credentials"}, TokenEndpointAuthMethod: "client_secret_basic"}
	machine.Settings.Audiences = own
	return []demoClient{
		{"confidential", "Sign in", "A password is enough, until the API asks for more.", confidential},
		{"mfa", "Sign in with a second factor", "This application's policy is always.", signsIn("mfa", "Demo bank", "client_secret_basic", policy.Always, true)},
		{"duo", "Sign in with Duo", "Its only factor is Duo, which excludes all others.", vault},
		{"public", "Sign in without a client secret", "A public client, as on phones: PKCE instead of a secret.", signsIn("public", "Demo phone app", "none", "", true)},
		{"partner", "Sign in with consent", "Somebody else's application: you are asked what it may have.", signsIn("partner", "Partner app", "client_secret_post", "", false)},
		{"machine", "", "A program that signs nobody in and calls the API with client_credentials.", machine},
	}
}

// seed puts the demo's people, applications and APIs into the register, or brings
// the addresses of those that are there up to date.
func (h *house) seed(ctx context.Context, d *demoData, st *stage) error {
	err := h.db.Tx(ctx, func(ctx context.Context) error {
		if err := h.seedFactors(ctx, d.Users[fresh].Username); err != nil {
			return err
		}
		for _, api := range demoAPIs() {
			if err := h.db.CreateAPI(ctx, api); err != nil && !errors.Is(err, storage.ErrConflict) {
				return err
			}
		}
		for _, one := range demoClients(origin(st.app)) {
			if err := h.seedClient(ctx, d, one.client); err != nil {
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

// seedFactors switches on, at the first start, what works beside another; afterwards
// it stays as the visitor left it.
func (h *house) seedFactors(ctx context.Context, first string) error {
	if _, err := h.db.UserByLogin(ctx, first); !errors.Is(err, storage.ErrNotFound) {
		return err
	}
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

func (h *house) seedClient(ctx context.Context, d *demoData, c *storage.Client) error {
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
