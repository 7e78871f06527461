package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/sallyport-id/sallyport/cmd/sallyport/auth0"
	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

// endow gives grace every factor, and the house something of every kind.
func endow(t *testing.T, h *house) (grace *storage.User, codes []string) {
	t.Helper()
	ctx := t.Context()
	grace, err := h.user(ctx, "grace")
	if err != nil {
		t.Fatal(err)
	}
	set, shown, err := h.factors.Get(factors.RecoveryCode).Enroll(ctx, subjectOf(grace, true, time.Now()), nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	add := []*factors.Authenticator{
		set,
		{Factor: factors.Roaming, Handle: "a-credential", Label: "key", Secret: []byte(`{"id":"YQ=="}`), Counter: 7, ConfirmedAt: now},
		{ID: "aut_text", Factor: factors.SMS, Label: "•••• 67", Secret: []byte("+436601234567"), Link: "aut_text", ConfirmedAt: now},
		{Factor: factors.Voice, Label: "•••• 67", Secret: []byte("+436601234567"), Link: "aut_text", ConfirmedAt: now},
		{Factor: factors.Push, Label: "phone", Secret: []byte(`{"device":"x"}`), ConfirmedAt: now, DisabledAt: now, Failures: 5},
		{Factor: factors.OTP, Label: "pending", Secret: []byte(`{}`), LoginID: "log_1"},
	}
	for _, a := range add {
		a.UserID = grace.ID
		if err := h.db.CreateAuthenticator(ctx, a); err != nil {
			t.Fatal(err)
		}
	}
	o := &storage.Organization{Name: "acme", Policy: "always"}
	live, draft := "exports.onExecutePostLogin = async () => {};", "exports.onExecutePostLogin = async () => { /* draft */ };"
	script := &storage.Script{Name: "with secret", Kind: storage.ScriptAction, Secrets: map[string]string{"KEY": "s3cret"}}
	for _, err := range []error{
		h.db.CreateOrganization(ctx, o), h.db.PutMember(ctx, &storage.Member{OrganizationID: o.ID, UserID: grace.ID, Roles: []string{"owner"}}),
		h.db.PutDocument(ctx, &storage.Document{Kind: "test", Name: "one", Body: []byte(`{"token":"s3cret"}`)}),
		second(h.editScript(ctx, script, management.ScriptEdit{Source: &live, Deploy: true})),
		h.desk(false).BindActions(ctx, []management.Place{{Action: script, DisplayName: "The secret"}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for range storage.MaxDrafts { // so that the one that runs is the oldest of all that may be there
		if _, err := h.editScript(ctx, script, management.ScriptEdit{Source: &draft}); err != nil {
			t.Fatal(err)
		}
	}
	return grace, shown.Prompt.Codes
}

// TestRow64ExportToASecondInstance encrypts everything to a key and takes it over into a
// second instance with another keyset: every factor is there as it was and works, and
// nothing of it can be read without the key.
func TestRow64ExportToASecondInstance(t *testing.T) {
	p := startDev(t)
	settings := filepath.Join(p.data, "sallyport.yaml")
	first := houseOf(t, settings)
	grace, codes := endow(t, first)
	dir := t.TempDir()
	file, key, secrets := filepath.Join(dir, "house.export"), filepath.Join(dir, "key"), filepath.Join(dir, "secrets.json")
	for _, name := range []string{key, key + "2"} {
		if out, status := runVerb(t, "export", "key", "--out", name); status != statusDone {
			t.Fatal(out)
		}
	}
	if out, status := runVerb(t, "export", "--to", file, "--recipient", key+".pub", "--config", settings); status != statusDone || !strings.Contains(out, "WARNING") {
		t.Fatalf("status %d:\n%s", status, out)
	}
	text, err := os.ReadFile(file)
	if err != nil || bytes.Contains(text, []byte("grace")) || bytes.Contains(text, []byte("argon2id")) {
		t.Fatalf("it can be read by everybody, %v", err)
	}
	events, err := first.db.Events(t.Context(), storage.EventFilter{Type: "export."})
	if err != nil || len(events) != 2 || events[0].Type != "export.done" || events[0].Actor != administrator || events[0].Data["recipients"] == nil {
		t.Errorf("events %+v, %v", events, err)
	}

	s := startServe(t, "sqlite:"+filepath.Join(dir, "register.db"), nil)
	damaged := filepath.Join(dir, "damaged")
	if err := os.WriteFile(damaged, text[:len(text)-100], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{damaged, key}, {file, key + "2"}, {file, key + ".pub"}, {key, key}} {
		if out, status := runVerb(t, "import", c[0], "--identity", c[1], "--config", s.config); status != statusMisused || strings.Contains(out, "came over") {
			t.Errorf("%v: status %d\n%s", c, status, out)
		}
	}
	out, status := runVerb(t, "import", file, "--identity", key, "--secrets-file", secrets, "--json", "--config", s.config)
	if status != statusDone {
		t.Fatalf("status %d:\n%s", status, out)
	}
	again := houseOf(t, s.config)
	compareHouses(t, first, again, grace.ID)
	checkCode(t, again, grace, codes[3])
	signInAgain(t, p, s, secrets)
	if out, status := runVerb(t, "import", file, "--identity", key, "--config", s.config); status != statusDone || !strings.Contains(out, "was imported before") || !strings.Contains(out, "there already") {
		t.Errorf("again: status %d\n%s", status, out)
	}
}

func compareHouses(t *testing.T, first, again *house, graceID string) {
	t.Helper()
	ctx := t.Context()
	read := func(h *house) map[string]any {
		person, err := h.db.PersonByID(ctx, graceID)
		if err != nil {
			t.Fatal(err)
		}
		person.Authenticators = slices.DeleteFunc(person.Authenticators, func(a *factors.Authenticator) bool { return a.ConfirmedAt.IsZero() })
		for _, a := range person.Authenticators {
			a.Version = 0
		}
		person.User.Version, person.User.UpdatedAt = 0, time.Time{}
		script, err := h.db.ScriptByName(ctx, "with secret")
		if err != nil {
			t.Fatal(err)
		}
		live, err := h.db.ScriptVersion(ctx, script.ID, script.Deployed)
		if err != nil {
			t.Fatal(err)
		}
		versions, err := h.db.ScriptVersions(ctx, script.ID)
		if err != nil {
			t.Fatal(err)
		}
		o, err := h.db.OrganizationByName(ctx, "acme")
		if err != nil {
			t.Fatal(err)
		}
		members, err := h.db.Members(ctx, o.ID)
		if err != nil {
			t.Fatal(err)
		}
		place, err := h.db.Document(ctx, "action_binding", script.ID)
		if err != nil || !strings.Contains(string(place.Body), `"The secret"`) {
			t.Errorf("its place: %+v, %v", place, err)
		}
		doc, err := h.db.Document(ctx, "test", "one")
		if err != nil {
			t.Fatal(err)
		}
		settings, err := h.db.Settings(ctx)
		if err != nil {
			t.Fatal(err)
		}
		clients, err := h.db.Clients(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range clients {
			c.Secrets, c.Version, c.UpdatedAt = nil, 0, time.Time{}
		}
		apis, err := h.db.APIs(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range apis {
			a.UpdatedAt = time.Time{}
		}
		return map[string]any{
			"user": person.User, "authenticators": person.Authenticators, "secrets": script.Secrets, "deployed": script.Deployed, "bound": script.Enabled,
			"live": live.Source, "versions": len(versions), "draft": versions[0].Source, "members": members, "policy": o.Policy,
			"document": string(doc.Body), "settings": settings, "clients": clients, "apis": apis,
		}
	}
	if diff := cmp.Diff(read(first), read(again)); diff != "" {
		t.Errorf("it is not as it was (-first +again):\n%s", diff)
	}
}

// checkCode lets the second instance check a recovery code of the first.
func checkCode(t *testing.T, h *house, u *storage.User, code string) {
	t.Helper()
	list, err := h.db.Authenticators(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(list, func(a *factors.Authenticator) bool { return a.Factor == factors.RecoveryCode })
	subject := subjectOf(u, true, time.Now())
	if _, err := h.factors.Get(factors.RecoveryCode).Verify(t.Context(), subject, list[at], nil, factors.Answer{"code": code}); err != nil {
		t.Errorf("recovery code: %v", err)
	}
}

// signInAgain goes through the pages of the second instance with the password and the app
// of the first, and the application's new secret.
func signInAgain(t *testing.T, p *process, s *served, secretsFile string) {
	t.Helper()
	var secrets map[string]string
	if b, err := os.ReadFile(secretsFile); err != nil || json.Unmarshal(b, &secrets) != nil {
		t.Fatalf("%v: %s", err, b)
	}
	c, one := p.client("mfa"), p.meet("grace")
	config := &oauth2.Config{
		ClientID: c.ClientID, ClientSecret: secrets[c.ClientID], RedirectURL: callback, Scopes: []string{"openid"},
		Endpoint: oauth2.Endpoint{AuthURL: s.issuer + "authorize", TokenURL: s.issuer + "oauth/token", AuthStyle: oauth2.AuthStyleInHeader},
	}
	verifier := oauth2.GenerateVerifier()
	answer := one.visit(config.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)), callback)
	if !slices.Equal(one.asked, []string{"password", "code"}) {
		t.Errorf("asked for %v", one.asked)
	}
	if _, err := config.Exchange(t.Context(), answer.Get("code"), oauth2.VerifierOption(verifier)); err != nil {
		t.Error(err)
	}
}

// TestExportedSettings come over on a new instance only, without what it does not have.
func TestExportedSettings(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "sallyport.yaml")
	text := "issuer: https://id.example.com/\ndatabase:\n  dsn: sqlite:" + filepath.Join(dir, "register.db") + "\nseal:\n  keyset_file: " + filepath.Join(dir, "keyset") + "\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"keys", "generate", "--out", filepath.Join(dir, "keyset")}, {"migrate", "--config", config}} {
		if out, status := runVerb(t, args...); status != statusDone {
			t.Fatal(out)
		}
	}
	h := houseOf(t, config)
	take := func(settings storage.Settings) (auth0.Item, *storage.Settings) {
		var s *settler
		for _, undo := range []error{errDry, nil} { // a transaction may have to be repeated
			err := h.db.Tx(t.Context(), func(ctx context.Context) error {
				s = &settler{house: h}
				if err := s.exportedSettings(ctx, &settings); err != nil {
					return err
				}
				return undo
			})
			if !errors.Is(err, undo) {
				t.Fatal(err)
			}
		}
		now, err := h.db.Settings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s.items[0], now
	}
	rows := storage.Settings{Policy: "never", Factors: []string{"otp"}, Document: []byte(`{"rows":[{"name":"x","when":{},"policy":"always","factors":["abacus"]}]}`)}
	if item, now := take(rows); item.Outcome != auth0.Left || now.Document != nil {
		t.Errorf("a row with an unknown factor: %+v, %+v", item, now)
	}
	if item, now := take(storage.Settings{Policy: "never", Factors: []string{"otp", "abacus"}, SignUp: true}); item.Outcome != auth0.Changed || !now.SignUp || !slices.Equal(now.Factors, []string{"otp"}) {
		t.Errorf("an unknown factor: %+v, %+v", item, now)
	}
	if err := h.db.PutSettings(t.Context(), &storage.Settings{Policy: "never", Factors: storage.NewSettings().Factors, SignUp: true}); err != nil {
		t.Fatal(err)
	}
	if item, now := take(storage.Settings{Policy: "always", Factors: []string{"otp"}}); item.Outcome != auth0.There || now.Policy != "never" {
		t.Errorf("over what is set: %+v, %+v", item, now)
	}
}
