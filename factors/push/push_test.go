package push

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/factorstest"
	"github.com/sallyport-id/sallyport/factors/standin"
)

const (
	site   = "https://id.example.com"
	answer = site + "/appliance-mfa/api/resolve-transaction"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, change ...func(*Config)) *Factor {
	t.Helper()
	c := Defaults()
	for _, f := range change {
		f(c)
	}
	f, err := c.Open(factors.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return f.(*Factor)
}

func phone(t *testing.T) *standin.Phone {
	t.Helper()
	p, err := standin.NewPhone("Ada’s phone")
	if err != nil {
		t.Fatal(err)
	}
	p.Now = func() time.Time { return noon }
	return p
}

// registration is what p sends of itself.
func registrationOf(t *testing.T, p *standin.Phone, change ...func(map[string]any)) []byte {
	t.Helper()
	n := append([]byte{0}, p.Key.N.Bytes()...) // as Java makes it
	body := map[string]any{
		"identifier": p.Identifier, "name": p.Name, "push_credentials": map[string]string{"service": "GCM", "token": "registration-of-p"},
		"public_key": map[string]string{"kty": "RSA", "alg": "RS256", "use": "sig", "n": base64.RawURLEncoding.EncodeToString(n), "e": "AQAB"},
	}
	for _, f := range change {
		f(body)
	}
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func subject() factors.Subject {
	return factors.Subject{
		UserID: "usr_1", Username: "ada", Issuer: "Sallyport", Client: "Acme", Site: site, Now: noon, Locale: "de-CH", Address: "203.0.113.7",
		UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
	}
}

// paired is a confirmed authenticator with its phone.
func paired(t *testing.T, f *Factor) (*factors.Authenticator, *standin.Phone, *factors.Pairing) {
	t.Helper()
	p := phone(t)
	a, c, err := f.Enroll(t.Context(), subject(), nil)
	if err != nil {
		t.Fatal(err)
	}
	a.ID, c.AuthenticatorID, a.UserID = "aut_1", "aut_1", "usr_1"
	if _, err := f.Verify(t.Context(), subject(), a, c, nil); !errors.Is(err, factors.ErrPending) {
		t.Fatalf("before the phone has answered: %v", err)
	}
	got, err := f.Pair(subject(), a, c, registrationOf(t, p))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Verify(t.Context(), subject(), a, c, nil); err != nil {
		t.Fatal(err)
	}
	a.ConfirmedAt = noon
	return a, p, got
}

func ask(t *testing.T, f *Factor, a *factors.Authenticator) (*factors.Challenge, *question) {
	t.Helper()
	c, err := f.Challenge(t.Context(), subject(), a)
	if err != nil {
		t.Fatal(err)
	}
	var q question
	if err := json.Unmarshal(f.Tell(c), &q); err != nil {
		t.Fatal(err)
	}
	return c, &q
}

// claims are those of a right answer.
func claims(p *standin.Phone, q *question, number string, change map[string]any) map[string]any {
	all := map[string]any{
		"iss": p.Identifier, "sub": q.Challenge, "aud": answer, "iat": float64(noon.Unix()) + .25, "exp": float64(noon.Unix()) + 30.25,
		"auth0_guardian_method": "push", "auth0_guardian_accepted": true, "number": number,
	}
	maps.Copy(all, change)
	for name, v := range all {
		if v == nil {
			delete(all, name)
		}
	}
	return all
}

func says(response string) factors.Answer {
	return factors.Answer{"challenge_response": response, "audience": "https://other.example/x " + answer}
}

func TestContract(t *testing.T) {
	p := phone(t)
	f := open(t)
	factorstest.Run(t, factorstest.Subject{Config: Defaults(), Elsewhere: true, Right: func(t *testing.T, a *factors.Authenticator, _, asked *factors.Challenge, now time.Time) factors.Answer {
		t.Helper()
		s := subject()
		s.Now = now
		p.Now = func() time.Time { return now }
		if a.ConfirmedAt.IsZero() {
			if _, err := f.Pair(s, a, asked, registrationOf(t, p)); err != nil {
				t.Fatal(err)
			}
			return nil
		}
		var q question
		if err := json.Unmarshal(f.Tell(asked), &q); err != nil {
			t.Fatal(err)
		}
		signed := p.Sign(claims(p, &q, asked.Prompt.Number, map[string]any{"iat": now.Unix(), "exp": now.Unix() + 30}))
		if _, err := f.Receive(s, a, asked, says(signed)); err != nil {
			t.Fatal(err)
		}
		return nil
	}})
}

// What the phone is told is what the SDKs read, and what it needs to recognise the
// sign-in by.
func TestQuestion(t *testing.T) {
	f := open(t)
	a, _, _ := paired(t, f)
	c, q := ask(t, f, a)
	if q.Site != site || q.Device != a.ID || q.Token != c.Token || q.StartedAt != "2026-03-01T12:00:00.000Z" || !q.Number ||
		q.Application != "Acme" || q.Account != "ada" || q.Address != "203.0.113.7" || q.Source == nil || q.Source.Browser.Name != "Chrome" || q.Source.System.Name != "Windows" {
		t.Errorf("%+v", q)
	}
	if n := c.Prompt.Number; len(n) != 2 || n < "10" || strings.Contains(string(f.Tell(c)), `"`+n+`"`) {
		t.Errorf("number %q in %s", n, f.Tell(c))
	}
	if m := c.Message; m == nil || m.To != "" || !strings.Contains(string(m.Data), "meldet sich bei Acme als ada an") || !strings.Contains(string(m.Data), "registration-of-p") {
		t.Errorf("%+v", m)
	}
	if u := f.address(subject(), "T"); u != site+"/authenticator#T" {
		t.Error(u)
	}
	sdk := open(t, func(c *Config) { c.App = "sdk" })
	if u := sdk.address(subject(), "T"); u != "otpauth://totp/Sallyport:ada?enrollment_tx_id=T&issuer=Sallyport&base_url=https%3A%2F%2Fid.example.com%2Fappliance-mfa" {
		t.Error(u)
	}
}

// Row 43, T-02: yes with the number is a proof; no, another number and a report are
// none, and end the question.
func TestRow43_Verdicts(t *testing.T) {
	f := open(t)
	a, p, _ := paired(t, f)
	for want, change := range map[factors.Verdict]map[string]any{
		factors.Approved:   nil,
		factors.Denied:     {"auth0_guardian_accepted": false, "auth0_guardian_reason": "mistake"},
		factors.Reported:   {"auth0_guardian_accepted": false, "auth0_guardian_reason": "hack"},
		factors.Mismatched: {"number": "00"},
	} {
		c, q := ask(t, f, a)
		got, err := f.Receive(subject(), a, c, says(p.Sign(claims(p, q, c.Prompt.Number, change))))
		if got != want || err != nil {
			t.Errorf("%s: %s, %v", want, got, err)
		}
		if f.Tell(c) != nil {
			t.Errorf("%s: it is still asked", want)
		}
		if _, err := f.Receive(subject(), a, c, says(p.Sign(claims(p, q, c.Prompt.Number, nil)))); !errors.Is(err, factors.ErrSpent) {
			t.Errorf("%s: a second answer: %v", want, err)
		}
		proof, err := f.Verify(t.Context(), subject(), a, c, nil)
		if want == factors.Approved {
			if err != nil || !slices.Equal(proof.AMR, []string{"swk", "mca"}) || proof.Kinds != factors.Has || proof.Traits != 0 {
				t.Errorf("%+v, %v", proof, err)
			}
		} else if !errors.Is(err, factors.ErrWrong) {
			t.Errorf("%s: %v", want, err)
		}
	}
	// An app that cannot ask for a number never approves where one is required.
	c, q := ask(t, f, a)
	if got, err := f.Receive(subject(), a, c, says(p.Sign(claims(p, q, "", map[string]any{"number": nil})))); got != factors.Mismatched || err != nil {
		t.Errorf("without a number: %s, %v", got, err)
	}
	plain := open(t, func(c *Config) { c.NumberMatching = "off" })
	c, q = ask(t, plain, a)
	if got, err := plain.Receive(subject(), a, c, says(p.Sign(claims(p, q, "", map[string]any{"number": nil})))); got != factors.Approved || err != nil || c.Prompt.Number != "" {
		t.Errorf("number matching off: %s, %v", got, err)
	}
}

// Row 44: what is not the phone's own answer to this question leaves it open.
func TestRow44_Tampered(t *testing.T) {
	f := open(t)
	a, p, _ := paired(t, f)
	c, q := ask(t, f, a)
	number := c.Prompt.Number
	_, other := ask(t, f, a)
	stranger := phone(t)
	stranger.Identifier = p.Identifier
	good := p.Sign(claims(p, q, number, nil))
	head, rest, _ := strings.Cut(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	hs, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: p.Key.N.Bytes()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	confused, err := jwt.Signed(hs).Claims(claims(p, q, number, nil)).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	at := func(d time.Duration) float64 { return float64(noon.Add(d).UnixMilli()) / 1000 }
	sign := func(change map[string]any) string { return p.Sign(claims(p, q, number, change)) }
	for name, response := range map[string]string{
		"another key":            stranger.Sign(claims(p, q, number, nil)),
		"another question":       p.Sign(claims(p, other, number, nil)),
		"another audience":       sign(map[string]any{"aud": "https://evil.example/appliance-mfa/api/resolve-transaction"}),
		"no audience":            sign(map[string]any{"aud": nil}),
		"another device":         sign(map[string]any{"iss": "x"}),
		"expired":                sign(map[string]any{"iat": at(-5 * time.Minute), "exp": at(-time.Minute)}),
		"without an end":         sign(map[string]any{"exp": nil}),
		"for a year":             sign(map[string]any{"exp": at(365 * 24 * time.Hour)}),
		"from the future":        sign(map[string]any{"iat": at(5 * time.Minute), "exp": at(6 * time.Minute)}),
		"neither yes nor no":     sign(map[string]any{"auth0_guardian_accepted": nil}),
		"yes as a word":          sign(map[string]any{"auth0_guardian_accepted": "true"}),
		"another method":         sign(map[string]any{"auth0_guardian_method": "otp"}),
		"unsigned":               none + "." + strings.Split(rest, ".")[0] + ".",
		"signed by a shared key": confused,
		"a broken signature":     good[:len(good)-4] + "AAAA",
		"another header":         none + "." + rest,
		"nothing":                "", "no JWT": head, "too long": strings.Repeat("a", 1<<20),
	} {
		verdict, err := f.Receive(subject(), a, c, says(response))
		if !errors.Is(err, factors.ErrWrong) || verdict != "" {
			t.Errorf("%s: %s, %v", name, verdict, err)
		}
	}
	late := subject()
	late.Now = c.ExpiresAt
	if _, err := f.Receive(late, a, c, says(good)); !errors.Is(err, factors.ErrExpired) {
		t.Errorf("late: %v", err)
	}
	foreign := *a
	foreign.ID = "aut_2"
	if _, err := f.Receive(subject(), &foreign, c, says(good)); !errors.Is(err, factors.ErrWrong) {
		t.Errorf("another authenticator: %v", err)
	}
	if got, err := f.Receive(subject(), a, c, says(good)); got != factors.Approved || err != nil {
		t.Errorf("the right one: %s, %v", got, err)
	}
}

// A registration is taken once, and only a whole and sound one.
func TestPair(t *testing.T) {
	f := open(t)
	p := phone(t)
	a, c, err := f.Enroll(t.Context(), subject(), nil)
	if err != nil {
		t.Fatal(err)
	}
	a.ID, c.AuthenticatorID = "aut_1", "aut_1"
	curve, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := json.Marshal(jose.JSONWebKey{Key: curve.Public()})
	if err != nil {
		t.Fatal(err)
	}
	private, err := json.Marshal(jose.JSONWebKey{Key: p.Key})
	if err != nil {
		t.Fatal(err)
	}
	for field, body := range map[string][]byte{
		"body":                     []byte(`{`),
		"identifier":               registrationOf(t, p, func(m map[string]any) { delete(m, "identifier") }),
		"public_key":               registrationOf(t, p, func(m map[string]any) { m["public_key"] = map[string]string{"kty": "RSA", "n": "AQAB", "e": "AQAB"} }),
		"push_credentials.service": registrationOf(t, p, func(m map[string]any) { m["push_credentials"] = map[string]string{"service": "PIGEON", "token": "x"} }),
		"push_credentials.token":   registrationOf(t, p, func(m map[string]any) { m["push_credentials"] = map[string]string{"service": "GCM"} }),
		"public_key ":              registrationOf(t, p, func(m map[string]any) { m["public_key"] = json.RawMessage(p384) }),
		"public_key  ":             registrationOf(t, p, func(m map[string]any) { m["public_key"] = json.RawMessage(private) }),
		"public_key   ":            registrationOf(t, p, func(m map[string]any) { delete(m, "public_key") }),
		"identifier ":              registrationOf(t, p, func(m map[string]any) { m["identifier"] = strings.Repeat("x", 300) }),
		"push_credentials.token ": registrationOf(t, p, func(m map[string]any) {
			m["push_credentials"] = map[string]string{"service": "WEBPUSH", "token": `{"endpoint":"https://169.254.169.254/x","keys":{"p256dh":"x","auth":"y"}}`}
		}),
		"body ": registrationOf(t, p, func(m map[string]any) { m["pad"] = strings.Repeat("x", 20<<10) }),
	} {
		_, err := f.Pair(subject(), a, c, body)
		var malformed *factors.Malformed
		if !errors.As(err, &malformed) || malformed.Field != strings.TrimSpace(field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	got, err := f.Pair(subject(), a, c, registrationOf(t, p, func(m map[string]any) { m["name"] = "  Ada\x00s\u202e phone \n" + strings.Repeat("x", 99) }))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(a.Label, "Ada s phone xxx") || len([]rune(a.Label)) > 60 || len(got.Codes.Text()) != 32 || len(got.Credential) < 40 {
		t.Errorf("%q, %+v", a.Label, got)
	}
	if _, err := f.Pair(subject(), a, c, registrationOf(t, phone(t))); !errors.Is(err, factors.ErrSpent) {
		t.Errorf("a second device: %v", err)
	}
	if strings.Contains(string(a.Secret), got.Credential) {
		t.Error("the credential is kept in clear")
	}
	// Row 42: a picture works for five minutes.
	_, old, err := f.Enroll(context.Background(), subject(), nil)
	if err != nil {
		t.Fatal(err)
	}
	old.AuthenticatorID = a.ID
	late := subject()
	late.Now = noon.Add(5 * time.Minute)
	if _, err := f.Pair(late, a, old, registrationOf(t, p)); !errors.Is(err, factors.ErrExpired) {
		t.Errorf("an old picture: %v", err)
	}
}

// A device speaks for itself by what it was given, or by its key.
func TestRecognise(t *testing.T) {
	f := open(t)
	a, p, got := paired(t, f)
	accounts := site + "/appliance-mfa/api/device-accounts"
	statement := map[string]any{"iss": a.ID, "sub": "usr_1", "aud": accounts, "iat": noon.Unix(), "exp": noon.Add(2 * time.Hour).Unix()}
	with := func(change map[string]any) string {
		all := maps.Clone(statement)
		maps.Copy(all, change)
		return p.Sign(all)
	}
	for _, good := range []string{got.Credential, with(nil)} {
		if err := f.Recognise(a, good, []string{accounts}, noon); err != nil {
			t.Error(err)
		}
	}
	for name, bad := range map[string]string{
		"nothing": "", "a guess": strings.Repeat("A", 52), "another device": with(map[string]any{"iss": "aut_2"}), "another person": with(map[string]any{"sub": "usr_2"}),
		"an answer": with(map[string]any{"aud": answer}), "for a day": with(map[string]any{"exp": noon.Add(24 * time.Hour).Unix()}),
		"another key": phone(t).Sign(statement),
	} {
		if err := f.Recognise(a, bad, []string{accounts}, noon); !errors.Is(err, factors.ErrWrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := f.Recognise(a, with(nil), []string{accounts}, noon.Add(3*time.Hour)); !errors.Is(err, factors.ErrWrong) {
		t.Errorf("an old statement: %v", err)
	}
	about, err := f.Amend(a, []byte(`{"name":"New name","push_credentials":{"service":"APNS","token":"00ff"}}`))
	if err != nil || !strings.Contains(string(about), `"service":"APNS"`) || a.Label != "New name" {
		t.Errorf("%s, %v", about, err)
	}
	if _, err := f.Amend(a, registrationOf(t, p)); !errors.Is(err, factors.ErrWrong) {
		t.Error("the key was changed")
	}
	// Row 41: the phone shows codes too.
	codes, err := f.Link(a)
	if err != nil || len(codes) != 1 || codes[0].Factor != factors.OTP || !codes[0].Usable() || !strings.Contains(string(codes[0].Secret), `"digits":6`) {
		t.Errorf("%+v, %v", codes, err)
	}
}

func TestSettings(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"app": func(c *Config) { c.App = "pager" }, "number_matching": func(c *Config) { c.NumberMatching = "" }, "lifetime": func(c *Config) { c.Lifetime = time.Hour },
		"enroll_lifetime": func(c *Config) { c.EnrollLifetime = 0 }, "rate.burst": func(c *Config) { c.Rate.Burst = 0 }, "unapproved.period": func(c *Config) { c.Unapproved.Period = 0 },
		"apple_link": func(c *Config) { c.AppleLink = "javascript:alert(1)" },
	} {
		c := Defaults()
		change(c)
		if _, err := c.Open(factors.Env{}); err == nil || !strings.Contains(err.Error(), want+":") {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// FuzzReceive: no answer that the phone did not sign is one.
func FuzzReceive(f *testing.F) {
	f.Add("a.b.c")
	f.Add(`{"payload":"","signatures":[{}]}`)
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	for _, seed := range []string{`{"identifier":"x","public_key":{"kty":"RSA","n":"AQAB","e":"AQAB"}}`, `{"public_key":null}`, `[]`} {
		f.Add(seed)
	}
	c, err := Defaults().Open(factors.Env{})
	if err != nil {
		f.Fatal(err)
	}
	push := c.(*Factor)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	a := &factors.Authenticator{ID: "aut_1", UserID: "usr_1", Factor: factors.Push, ConfirmedAt: noon}
	d := device{Identifier: "x", Key: jose.JSONWebKey{Key: key.Public(), Algorithm: "ES256"}}
	if err := d.in(a); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		asked, err := push.Challenge(t.Context(), subject(), a)
		if err != nil {
			t.Fatal(err)
		}
		if verdict, err := push.Receive(subject(), a, asked, says(text)); !errors.Is(err, factors.ErrWrong) || verdict != "" {
			t.Errorf("%q: %s, %v", text, verdict, err)
		}
		pending, c, err := push.Enroll(t.Context(), subject(), nil)
		if err != nil {
			t.Fatal(err)
		}
		pending.ID, c.AuthenticatorID = "aut_2", "aut_2"
		if got, err := push.Pair(subject(), pending, c, []byte(text)); err == nil && (got == nil || pending.Label == "") {
			t.Errorf("%q: %+v", text, got)
		}
	})
}
