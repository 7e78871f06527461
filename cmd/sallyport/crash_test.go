package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
)

// crashes is how often the process is killed in TestCrash and TestOutboxCrash.
var crashes = flag.Int("crashes", 50, "how often the crash tests kill the process; a third of it with -short")

// rounds is how often the process is killed in this run; make sweep kills it as often as
// is asked for.
func rounds() int {
	if testing.Short() {
		return (*crashes + 2) / 3
	}
	return *crashes
}

// TestCrash kills the process, as a power cut would, at any moment of a sign-in.
// After each restart no code that was used works again, of an app, of recovery or of
// OAuth, and nobody has lost an authenticator.
func TestCrash(t *testing.T) {
	data := t.TempDir()
	p := startDevIn(t, data)
	people := importPeople(t, p, rounds())
	seen := map[string]int{}
	for i, one := range people {
		v := &victim{t: t, p: p, user: one}
		done := make(chan struct{})
		go func() {
			defer close(done)
			v.signIn()
		}()
		time.Sleep(time.Duration(5+rand.IntN(100)) * time.Millisecond)
		p.kill()
		<-done
		p = startDevIn(t, data)
		seen[v.check(p)]++
		if t.Failed() {
			t.Fatalf("round %d", i)
		}
	}
	t.Logf("killed after: %v", seen)
	for _, one := range people {
		if n := strings.Count(p.run("user", "authenticators", "list", one.name, "--json"), `"confirmed_at"`); n != 2 {
			t.Errorf("%s has %d authenticators, want a password and an app", one.name, n)
		}
	}
}

type crashed struct{ name, secret string }

const (
	crashPassword = "a bucket of cold water"
	// argon2id of it, with the parameters of today.
	crashHash = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AeqDHKdquZxrlCGHI3T1zsO7rbGIWnyprz55o3snA3c"
)

// importPeople makes n people with an app each.
func importPeople(t *testing.T, p *process, n int) []crashed {
	t.Helper()
	var people []crashed
	var lines strings.Builder
	for i := range n {
		one := crashed{fmt.Sprintf("victim%d", i), strings.Repeat(string(rune('A'+i%26)), 16) + strings.Repeat(string(rune('A'+i/26)), 16)}
		people = append(people, one)
		fmt.Fprintf(&lines, `{"username":%q,"totp_secret":%q,"password_hash":%q}`+"\n", one.name, one.secret, crashHash)
	}
	file := filepath.Join(t.TempDir(), "people.jsonl")
	if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	p.run("user", "import", file)
	return people
}

// A victim signs in until the process is gone, and notes how far it came.
type victim struct {
	t    *testing.T
	p    *process
	user crashed

	step     string // the last step that was answered
	code     string // of the app, sent
	accepted bool   // it was answered with the application's address
	grant    string // authorization code
	redeemed bool
}

func (v *victim) client() (*oauth2.Config, string) {
	c := v.p.client("mfa")
	return &oauth2.Config{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, RedirectURL: callback, Scopes: []string{"openid"},
		Endpoint: oauth2.Endpoint{AuthURL: v.p.ready.Issuer + "authorize", TokenURL: v.p.ready.Issuer + "oauth/token", AuthStyle: oauth2.AuthStyleInHeader},
	}, crashVerifier
}

const crashVerifier = "a-verifier-that-is-the-same-before-and-after-the-crash"

// send posts or gets without failing the test: the process may be gone.
func (v *victim) send(c *http.Client, address string, form url.Values) *http.Response {
	var res *http.Response
	var err error
	if form == nil {
		res, err = c.Get(address) //nolint:noctx // ends with the process
	} else {
		req, _ := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode())) //nolint:noctx // as above
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		res, err = c.Do(req)
	}
	if err != nil {
		return nil
	}
	_ = res.Body.Close()
	return res
}

func (v *victim) signIn() {
	b := newBrowser(v.t)
	config, verifier := v.client()
	b.stop = callback
	v.step = "nothing"
	res := v.send(b.client, config.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)), nil)
	if res == nil {
		return
	}
	v.step = "begin"
	page := res.Request.URL.String()
	if v.send(b.client, page, url.Values{"act": {"answer"}, "username": {v.user.name}, "password": {crashPassword}}) == nil {
		return
	}
	v.step = "password"
	v.code = totpCode(v.t, v.user.secret, time.Now())
	res = v.send(b.client, page, url.Values{"act": {"answer"}, "code": {v.code}})
	if res == nil || b.landed == nil {
		return
	}
	v.step, v.accepted, v.grant = "code", true, b.landed.Query().Get("code")
	if _, err := config.Exchange(v.t.Context(), v.grant, oauth2.VerifierOption(verifier)); err == nil {
		v.step, v.redeemed = "tokens", true
	}
}

// check looks at what is left after the restart and returns how far the victim came.
func (v *victim) check(p *process) string {
	v.p = p
	config, verifier := v.client()
	if v.grant != "" {
		_, err := config.Exchange(v.t.Context(), v.grant, oauth2.VerifierOption(verifier))
		if err == nil && v.redeemed {
			v.t.Errorf("%s: the authorization code works again after the crash", v.user.name)
		}
		if err == nil { // it was not used before; now it is
			if _, err = config.Exchange(v.t.Context(), v.grant, oauth2.VerifierOption(verifier)); err == nil {
				v.t.Errorf("%s: the authorization code works twice", v.user.name)
			}
		}
	}
	if v.code == "" {
		return v.step
	}
	first := v.passes(p)
	if first && v.accepted {
		v.t.Errorf("%s: a code of the app that was accepted works again after the crash", v.user.name)
	}
	if first && v.passes(p) {
		v.t.Errorf("%s: a code of the app works twice", v.user.name)
	}
	return v.step
}

// passes reports whether a sign-in with the victim's code reaches the application.
func (v *victim) passes(p *process) bool {
	b := newBrowser(v.t)
	config, verifier := v.client()
	b.stop = callback
	b.get(config.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)))
	b.fill(map[string]string{"username": v.user.name, "password": crashPassword}).submit("")
	if !strings.Contains(b.body, `name="code"`) {
		v.t.Errorf("%s: no question for the code: %s", v.user.name, b.text())
		return false
	}
	b.fill(map[string]string{"code": v.code}).submit("")
	return b.landed != nil
}
