package duo

import (
	"errors"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/factorstest"
	"github.com/sallyport-id/sallyport/factors/standin"
)

const callback = "https://id.example.com/login/callback"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func world(t *testing.T) (*Config, *standin.Duo) {
	t.Helper()
	d := &standin.Duo{ClientID: "DI000000000000000000", ClientSecret: strings.Repeat("s", 40), APIHost: "api-1.duosecurity.example"}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	c := Defaults()
	c.ClientID, c.ClientSecret, c.APIHost, c.BaseURL = d.ClientID, d.ClientSecret, d.APIHost, server.URL
	return c, d
}

// at is what a person brings back who was at Duo.
func at(t *testing.T, d *standin.Duo, asked *factors.Challenge, factor, reason, result string) factors.Answer {
	t.Helper()
	u, err := url.Parse(asked.Prompt.Location)
	if err != nil {
		t.Fatal(err)
	}
	var request struct {
		jwt.RegisteredClaims
		State    string `json:"state"`
		Username string `json:"duo_uname"`
		Redirect string `json:"redirect_uri"`
	}
	key := func(*jwt.Token) (any, error) { return []byte(d.ClientSecret), nil }
	if _, err := jwt.ParseWithClaims(u.Query().Get("request"), &request, key); err != nil {
		t.Fatal(err)
	}
	return factors.Answer{"state": request.State, "duo_code": d.Grant(request.Username, request.Redirect, factor, reason, result)}
}

func TestContract(t *testing.T) {
	c, d := world(t)
	factorstest.Run(t, factorstest.Subject{Config: c, Right: func(t *testing.T, _ *factors.Authenticator, _, asked *factors.Challenge, _ time.Time) factors.Answer {
		t.Helper()
		return at(t, d, asked, "duo_push", "user_approved", "allow")
	}})
}

func subject() factors.Subject {
	return factors.Subject{UserID: "usr_1", Username: "anna", Email: "anna@example.com", LoginID: "lgn_1", Callback: callback, Now: noon}
}

func enrolled(t *testing.T, c *Config) (factors.Factor, *factors.Authenticator, *factors.Challenge) {
	t.Helper()
	f, err := c.Open(factors.Env{})
	if err != nil {
		t.Fatal(err)
	}
	a := &factors.Authenticator{ID: "aut_1", Factor: factors.Duo, ConfirmedAt: noon}
	asked, err := f.Challenge(t.Context(), subject(), a)
	if err != nil {
		t.Fatal(err)
	}
	return f, a, asked
}

// AMR-17 among them: what Duo says in words that nobody knows is no claim.
func TestMethods(t *testing.T) {
	for _, c := range []struct {
		factor, reason string
		amr            []string
		traits         factors.Trait
	}{
		{"duo_push", "user_approved", []string{"swk", "mca"}, 0},
		{"Phone Call", "user_approved", []string{"tel"}, 0},
		{"sms_passcode", "valid_passcode", []string{"sms"}, 0},
		{"duo_mobile_passcode", "valid_passcode", []string{"otp"}, 0},
		{"webauthn_security_key", "user_approved", []string{"pop", "user"}, factors.PhishingResistant},
		{"bypass_code", "valid_passcode", nil, 0},
		{"duo_push", "bypass_user", nil, 0},
		{"remembered_device", "remembered_device", nil, 0},
		{"telepathy", "user_approved", nil, 0},
	} {
		config, d := world(t)
		f, a, asked := enrolled(t, config)
		p, err := f.Verify(t.Context(), subject(), a, asked, at(t, d, asked, c.factor, c.reason, "allow"))
		if err != nil || !slices.Equal(p.AMR, c.amr) || p.Traits != c.traits || (p.Kinds == factors.Has) != (c.amr != nil) {
			t.Errorf("%s, %s: %+v, %v", c.factor, c.reason, p, err)
		}
	}
}

// B-22: an answer belongs to one login and one person, and works once.
func TestForged(t *testing.T) {
	config, d := world(t)
	f, a, asked := enrolled(t, config)
	good := at(t, d, asked, "duo_push", "user_approved", "allow")
	_, _, other := enrolled(t, config)
	for name, answer := range map[string]factors.Answer{
		"another login's state": {"state": at(t, d, other, "duo_push", "", "allow")["state"], "duo_code": good["duo_code"]},
		"no state":              {"duo_code": good["duo_code"]},
		"another person's code": {"state": good["state"], "duo_code": d.Grant("mallory", callback, "duo_push", "user_approved", "allow")},
		"another site's code":   {"state": good["state"], "duo_code": d.Grant("anna", "https://evil.example/", "duo_push", "user_approved", "allow")},
		"a code of nobody":      {"state": good["state"], "duo_code": "x"},
		"a refusal":             {"state": good["state"], "duo_code": d.Grant("anna", callback, "duo_push", "user_marked_fraud", "deny")},
	} {
		if p, err := f.Verify(t.Context(), subject(), a, asked, answer); !errors.Is(err, factors.ErrWrong) || p != nil {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
	if _, err := f.Verify(t.Context(), subject(), a, asked, good); err != nil {
		t.Errorf("the right one: %v", err)
	}
	if _, err := f.Verify(t.Context(), subject(), a, asked, good); !errors.Is(err, factors.ErrSpent) {
		t.Errorf("again: %v", err)
	}
}

func TestAway(t *testing.T) {
	for _, fault := range []standin.Fault{{Status: 503}, {Drop: true}, {Wait: time.Minute}} {
		config, d := world(t)
		d.Faults.Always(fault)
		f, err := config.Open(factors.Env{})
		if err != nil {
			t.Fatal(err)
		}
		a := &factors.Authenticator{ID: "aut_1", Factor: factors.Duo, ConfirmedAt: noon}
		begin := time.Now()
		if _, err := f.Challenge(t.Context(), subject(), a); !errors.Is(err, factors.ErrUnsupported) {
			t.Errorf("%+v: %v", fault, err)
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%+v: the person waited for %s", fault, took)
		}
	}
	config, d := world(t)
	config.FailMode = "open"
	d.Faults.Always(standin.Fault{Status: 503})
	f, a, asked := enrolled(t, config)
	back, err := url.Parse(asked.Prompt.Location)
	if err != nil {
		t.Fatal(err)
	}
	p, err := f.Verify(t.Context(), subject(), a, asked, factors.Answer{"state": back.Query().Get("state")})
	if err != nil || len(p.AMR) != 0 || p.Kinds != 0 {
		t.Errorf("let through: %+v, %v", p, err)
	}
}

func TestSettings(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"client_id": func(c *Config) { c.ClientID = "x" }, "client_secret": func(c *Config) { c.ClientSecret = "x" },
		"api_host": func(c *Config) { c.APIHost = "https://api" }, "base_url": func(c *Config) { c.BaseURL = "http://example.com" },
		"username": func(c *Config) { c.Username = "phone" }, "fail_mode": func(c *Config) { c.FailMode = "" }, "lifetime": func(c *Config) { c.Lifetime = 0 },
	} {
		c, _ := world(t)
		change(c)
		if _, err := c.Open(factors.Env{}); err == nil || !strings.Contains(err.Error(), want+":") {
			t.Errorf("%s: %v", want, err)
		}
	}
	f, err := Defaults().Open(factors.Env{})
	if err != nil || f.(factors.Described).Info().Missing == "" {
		t.Errorf("%v", err)
	}
}
