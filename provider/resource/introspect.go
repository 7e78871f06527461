package resource

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-jose/go-jose/v4/json"
)

// Introspection says where to ask about opaque tokens (RFC 7662), and as which client.
// All fields are required.
type Introspection struct {
	Endpoint     string
	ClientID     string
	ClientSecret string
}

func (i *Introspection) check() error {
	switch {
	case i == nil:
		return nil
	case !absolute(i.Endpoint):
		return errors.New("resource: Config.Introspect.Endpoint has to be the absolute http(s) URL of the issuer's introspection_endpoint")
	case i.ClientID == "":
		return errors.New("resource: Config.Introspect.ClientID is missing: register the API as a client of the issuer")
	case i.ClientSecret == "":
		return errors.New("resource: Config.Introspect.ClientSecret is missing: the issuer tells nothing to clients without one")
	}
	return nil
}

// introspect asks the issuer about token. The answer has to say all that a JWT would:
// an audience, and that this is an access token (token_type), which a refresh token is
// not. Only iss may be missing, as the one who answers is the issuer.
func (v *Verifier) introspect(ctx context.Context, token string) (*Claims, error) {
	body, err := v.inquire(ctx, token)
	if err != nil {
		return nil, fmt.Errorf("resource: introspection: %w", err)
	}
	var is struct {
		Active bool   `json:"active"`
		Type   string `json:"token_type"`
	}
	if err := json.Unmarshal(body, &is); err != nil {
		return nil, fmt.Errorf("resource: introspection: %w", err)
	}
	if !is.Active || !strings.EqualFold(is.Type, "Bearer") {
		return nil, fmt.Errorf("%w: no access token of the issuer, or one that has ended", ErrInvalid)
	}
	w, extra, err := read(body)
	if err != nil {
		return nil, fmt.Errorf("resource: introspection: %w", err)
	}
	if w.Issuer == "" {
		w.Issuer = v.config.Issuer
	}
	if err := v.holds(w); err != nil {
		return nil, err
	}
	return w.claims(extra), nil
}

// inquire sends the question of RFC 7662 §2.1. Secrets follow no redirect.
func (v *Verifier) inquire(ctx context.Context, token string) ([]byte, error) {
	i := v.config.Introspect
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, i.Endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(i.ClientID), url.QueryEscape(i.ClientSecret)) // RFC 6749 §2.3.1
	client := *v.config.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return ask(&client, r)
}
