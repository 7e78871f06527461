package oidc_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/flows/rules"
	"github.com/sallyport-id/sallyport/storage"
)

// A kitchen is where recipes are tried: a house, and another one whose register is the
// corporate one and whose actions reach no network.
type kitchen struct {
	*house
	other *kitchen
	name  string // of the script
	kind  string
	file  string
	own   map[string][]string // the authenticators of before, by person

	prefers string // the factor that people pick
}

// A situation is what happens to a recipe, and the course that the sign-in then takes.
type situation struct {
	name         string
	do           func(k *kitchen) string
	rule, action string
}

// same is a situation in which the two kinds end alike.
func same(name string, do func(k *kitchen) string, course string) situation {
	return situation{name, do, course, course}
}

// secretOfSite signs what the site of recipe 22 answers.
var secretOfSite = fmt.Sprintf("%-32s", "s3cret")

// TestRecipes: each recipe of contextual second factors decides as it is described, in
// whole sign-ins, as a rule and as an action; the files are used as they are.
func TestRecipes(t *testing.T) {
	k := openKitchen(t, plan{rules: true, fetch: scores})
	k.other = openKitchen(t, plan{rules: true, flows: func(c *flows.Config) { c.Connection = "corp.example" }})
	all := recipes()
	files, err := filepath.Glob("../../flows/rules/testdata/recipes/*.js")
	k.must(err)
	if len(files) != 2*len(all) {
		t.Errorf("%d files, %d recipes", len(files), len(all))
	}
	for i, file := range files {
		if testing.Short() && i%4 != 0 && i%4 != 3 {
			continue // an action, then a rule; make sweep plays all
		}
		name, kind, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".js"), ".")
		if len(all[name]) < 2 {
			t.Errorf("%s: %d situations show nothing", name, len(all[name]))
		}
		for _, s := range all[name] {
			t.Run(fmt.Sprintf("recipe %s %s: %s", name[:2], kind, s.name), func(t *testing.T) {
				k.anew(t, name, kind, file)
				want := map[string]string{rules.Rule: s.rule, rules.Action: s.action}[kind]
				if got := s.do(k); got != want {
					t.Errorf("%q instead of %q", got, want)
				}
			})
		}
	}
}

// openKitchen opens a house with the people and applications that recipes speak of: ada
// has a password, grace a one-time password beside it, and linus a phone besides.
func openKitchen(t *testing.T, p plan) *kitchen {
	t.Helper()
	p.factors = []string{factors.OTP, factors.SMS, factors.Platform, factors.RecoveryCode}
	h := build(t, p)
	open := func(c *storage.Client) {
		off := false
		c.Settings.RequirePKCE, c.Settings.Audiences = &off, map[string][]string{bank: nil}
	}
	h.must(h.db.CreateAPI(t.Context(), &storage.API{Audience: bank, Name: "Bank", TokenFormat: "jwt", Scopes: []storage.Scope{{Value: "read"}, {Value: "transfer:funds"}}}))
	for _, name := range []string{"payroll", "kiosk"} {
		h.register(name, "client_secret_basic", open)
	}
	h.amend("web", open)
	linus := h.person("linus")
	h.giveOTP(linus)
	h.give(linus, factors.SMS, "phone_number", "+49 151 23456789")
	k := &kitchen{house: h, own: map[string][]string{}}
	for name, u := range h.users {
		k.own[name] = k.authenticators(u)
	}
	return k
}

const bank = "https://bank.example/"

// give is what an administrator who knows the person sets up.
func (h *house) give(u *user, factor string, answer ...string) {
	h.t.Helper()
	got := factors.Answer{}
	for i := 0; i+1 < len(answer); i += 2 {
		got[answer[i]] = answer[i+1]
	}
	a, _, err := h.ring.Get(factor).Enroll(h.t.Context(), factors.Subject{UserID: u.ID, Username: u.Username, Issuer: "Test", Now: h.now()}, got)
	h.must(err)
	a.ConfirmedAt = h.now()
	h.add(u, a)
}

func (h *house) authenticators(u *user) []string {
	h.t.Helper()
	list, err := h.db.Authenticators(h.t.Context(), u.ID)
	h.must(err)
	ids := make([]string, 0, len(list))
	for _, a := range list {
		ids = append(ids, a.ID)
	}
	return ids
}

// anew makes the houses as they were, but for the time, and deploys a recipe.
func (k *kitchen) anew(t *testing.T, name, kind, file string) {
	if k.other != nil {
		k.other.anew(t, name, kind, file)
	}
	k.t, k.name, k.kind, k.file, k.prefers = t, name, kind, file, ""
	k.wait(2 * time.Hour) // for what limits count
	k.settings(func(s *storage.Settings) { s.Policy = "never" })
	for name, u := range k.users {
		k.be(name, func(u *storage.User) { u.UserMetadata, u.AppMetadata, u.Roles, u.Groups = nil, nil, nil, nil })
		k.must(k.db.ForgetHistory(t.Context(), u.ID))
		for _, id := range k.authenticators(u) {
			if !slices.Contains(k.own[name], id) {
				k.must(k.db.DeleteAuthenticator(t.Context(), id))
			}
		}
	}
	k.deploy()
}

// deploy has the recipe run, and nothing else.
func (k *kitchen) deploy() {
	k.t.Helper()
	k.clear()
	k.add()
}

// add has the recipe run after what runs already.
func (k *kitchen) add() {
	k.t.Helper()
	source, err := os.ReadFile(k.file)
	k.must(err)
	k.script(k.name, k.kind, string(source), "CORPORATE_NETWORK", "127.49.0.0/24", "MFA_SECRET", secretOfSite, "SCORE_KEY", "k")
}

// be changes what is known of a person.
func (h *house) be(name string, change func(*storage.User)) {
	h.t.Helper()
	u, err := h.db.UserByID(h.t.Context(), h.users[name].ID)
	h.must(err)
	change(u)
	h.must(h.db.UpdateUser(h.t.Context(), u))
}
