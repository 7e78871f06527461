package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

const (
	maxState     = 4096
	maxNonce     = 512
	maxACRValues = 20
	maxHint      = 320 // of login_hint: the longest mail address
	requestURN   = "urn:ietf:params:oauth:request_uri:"
)

// A request is an authorization request (OpenID Connect Core §3.1.2.1) that was
// checked. Until home is set nobody has shown that redirect_uri may be used, and
// errors are for the person in front of the browser only.
type request struct {
	form   url.Values
	client *client
	home   string // the redirect_uri that answers go to
	mode   string // query, fragment, form_post or web_message
	pushed bool   // came by PAR
	claims *claimsRequest
	maxAge *time.Duration
	hinted string // the sub of id_token_hint
	org    string // id of the organization to sign in to, "" for none
	first  fosite.AuthorizeRequester
}

// read checks an authorization request. Where it fails after the redirect_uri was
// found good, the request that it returns beside the error says where to answer.
func (p *Provider) read(ctx context.Context, form url.Values, pushed bool) (*request, error) {
	q := &request{form: form, pushed: pushed}
	if err := p.readHome(ctx, q); err != nil {
		return q, err
	}
	checks := []func() error{
		func() error { return p.readExtensions(q) },
		func() error { return q.readPrompt() },
		func() error { return q.readLevels() },
		func() error { return p.readOrganization(ctx, q) },
		func() error { return p.readHint(q) },
		func() error { return q.readPKCE() },
		func() error { return p.readScope(ctx, q) },
		func() error { return p.parse(ctx, q) },
	}
	for _, check := range checks {
		if err := check(); err != nil {
			return q, err
		}
	}
	return q, nil
}

// readHome finds the client and where its answers may go. Every failure up to here is
// shown to the person and redirects nowhere (RFC 6749 §4.1.2.1, CORE-04).
func (p *Provider) readHome(ctx context.Context, q *request) error {
	id := q.form.Get("client_id")
	if id == "" {
		return invalidRequest("client_id is missing.")
	}
	c, err := p.client(ctx, id)
	if err != nil {
		var e *oauthError
		if errors.As(err, &e) {
			return invalidRequest("There is no client with this client_id.")
		}
		return err
	}
	q.client = c
	uri := q.form.Get("redirect_uri")
	registered := c.Metadata.RedirectURIs
	switch {
	case uri == "" && len(registered) == 1 && !slices.Contains(strings.Fields(q.form.Get("scope")), "openid"):
		uri = registered[0]
	case uri == "":
		return invalidRequest("redirect_uri is missing.")
	case !matchesRedirect(registered, uri, c.Metadata.ApplicationType == "native"):
		return invalidRequest("redirect_uri is not one that this client has registered. It has to be the same, character by character.")
	}
	q.home, q.mode = uri, "query"
	switch mode := q.form.Get("response_mode"); mode {
	case "", "query":
	case "fragment", "form_post":
		q.mode = mode
	case modeMessage:
		return q.readMessageMode()
	default:
		return fault("unsupported_response_mode", ours["unsupported_response_mode"])
	}
	return nil
}

// matchesRedirect compares byte by byte. Only the port of a native client's loopback
// address may vary, because it is chosen at run time (RFC 8252 §7.3).
func matchesRedirect(registered []string, uri string, native bool) bool {
	if slices.Contains(registered, uri) {
		return true
	}
	if !native {
		return false
	}
	base, ok := withoutPort(uri)
	return ok && slices.ContainsFunc(registered, func(r string) bool {
		known, ok := withoutPort(r)
		return ok && known == base
	})
}

// withoutPort is an http address on a loopback IP without its port.
func withoutPort(uri string) (string, bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "http" || u.User != nil || u.Fragment != "" {
		return "", false
	}
	at, err := netip.ParseAddr(u.Hostname())
	if err != nil || !at.IsLoopback() {
		return "", false
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", false
		}
	}
	rest, ok := strings.CutPrefix(uri, "http://"+u.Host)
	return at.String() + rest, ok
}

// readExtensions refuses what we say in our metadata that we do not do, and checks
// what has a length.
func (p *Provider) readExtensions(q *request) error {
	switch {
	case len(q.form.Get("state")) > maxState:
		return invalidRequest("state is longer than 4096 bytes.")
	case q.form.Has("request"):
		return fault("request_not_supported", "Send the parameters themselves, or push them to the pushed authorization request endpoint.")
	case q.form.Has("request_uri"):
		return fault("request_uri_not_supported", "A request_uri has to come from the pushed authorization request endpoint.")
	case q.form.Has("registration"):
		return fault("registration_not_supported", "Register the client beforehand.")
	case q.client.Metadata.RequirePAR && !q.pushed:
		return invalidRequest("This client has to push its requests to the pushed authorization request endpoint.")
	case len(q.form.Get("nonce")) > maxNonce:
		return invalidRequest("nonce is longer than 512 bytes.")
	}
	if text := q.form.Get("claims"); text != "" {
		var err error
		if q.claims, err = parseClaims(text); err != nil {
			return err
		}
	}
	return nil
}

var prompts = []string{"none", "login", "consent", "select_account"}

func (q *request) prompt() []string { return strings.Fields(q.form.Get("prompt")) }

func (q *request) readPrompt() error {
	asked := q.prompt()
	for _, one := range asked {
		if !slices.Contains(prompts, one) {
			return invalidRequest("prompt may be none, login, consent and select_account.")
		}
	}
	if slices.Contains(asked, "none") && len(asked) > 1 {
		return invalidRequest("prompt=none stands alone.")
	}
	text := q.form.Get("max_age")
	if text == "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || text[0] == '+' {
		return invalidRequest("max_age is a number of seconds, 0 or more.")
	}
	age := time.Duration(min(n, int64(100*365*24*time.Hour/time.Second))) * time.Second
	q.maxAge = &age
	return nil
}

// readLevels checks acr_values: what is too much is an attack and not a list (STEP-13).
func (q *request) readLevels() error {
	text := q.form.Get("acr_values")
	if !printable(text) || len(strings.Fields(text)) > maxACRValues {
		return invalidRequest("acr_values has more than 20 values, or characters that no value has.")
	}
	return nil
}

// readHint reads id_token_hint: an ID token of ours for this client, expired or not.
func (p *Provider) readHint(q *request) error {
	hint := q.form.Get("id_token_hint")
	if hint == "" {
		return nil
	}
	claims, err := p.hint(hint)
	if err != nil || claims.Audience != q.client.ID {
		return invalidRequest("id_token_hint is not an ID token that we made for this client.")
	}
	q.hinted = claims.Subject
	if q.claims != nil && q.claims.subject != "" && q.claims.subject != q.hinted {
		return invalidRequest("id_token_hint and claims name different users.")
	}
	return nil
}

// readPKCE checks what fosite does not (RFC 7636 §4.2): the challenge is a SHA-256 in
// base64url.
func (q *request) readPKCE() error {
	challenge, method := q.form.Get("code_challenge"), q.form.Get("code_challenge_method")
	switch {
	case challenge == "" && method != "":
		return invalidRequest("code_challenge is missing.")
	case challenge == "" && q.client.requiresPKCE():
		return invalidRequest("code_challenge is missing: this client has to use PKCE with S256.")
	case challenge != "" && method != "S256":
		return invalidRequest("code_challenge_method has to be S256.")
	}
	if raw, err := b64.DecodeString(challenge); challenge != "" && (err != nil || len(raw) != 32) {
		return invalidRequest("code_challenge has to be the base64url of a SHA-256, 43 characters without padding.")
	}
	return nil
}

// readScope finds the API that the request is about and leaves the scopes that it may
// have: the answer's scope says what was left (RFC 6749 §3.3).
func (p *Provider) readScope(ctx context.Context, q *request) error {
	audience, err := audienceOf(q.form.Get)
	if err != nil {
		return err
	}
	if err := p.aim(ctx, q.client, audience); err != nil {
		return err
	}
	if !printable(q.form.Get("scope")) {
		return fault("invalid_scope", "scope has characters that no scope has.")
	}
	q.form.Set("scope", strings.Join(q.client.allowed(q.form.Get("scope")), " "))
	return nil
}

// parse has fosite check the request, as one that holds only what fosite needs. It is
// made anew, so that nothing of the front channel gets around a pushed request (hole
// 3), and state, which fosite insists on, is ours to give back (CORE-06).
func (p *Provider) parse(ctx context.Context, q *request) error {
	form := url.Values{}
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "response_mode", "scope", "nonce", "code_challenge", "code_challenge_method", "prompt", "max_age"} {
		if q.form.Has(name) {
			form.Set(name, q.form.Get(name))
		}
	}
	if q.client.api != nil {
		form.Set("audience", q.client.api.Audience)
	}
	if q.mode == modeMessage {
		form.Del("response_mode") // fosite knows the standard's; answers are ours
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.at("/authorize")+"?"+form.Encode(), nil)
	if err != nil {
		return err
	}
	q.first, err = p.fosite.NewAuthorizeRequest(withWork(ctx, &work{now: p.now(), client: q.client}), r)
	if err != nil && !errors.Is(err, fosite.ErrInvalidState) { // its last check, and ours already
		return err
	}
	return nil
}

// ask says to flows what the request wants of a login.
func (p *Provider) ask(q *request, now time.Time) flows.Ask {
	a := flows.Ask{
		ClientID: q.client.ID, LoginHint: clip(q.form.Get("login_hint"), maxHint), UILocales: strings.Fields(q.form.Get("ui_locales")),
		ACRValues: strings.Fields(q.form.Get("acr_values")), Subject: q.hinted, MaxAge: q.maxAge, Prompt: q.prompt(),
		Scopes: q.consentScopes(), Organization: q.org, RequestedAt: now, Resume: p.path("/authorize/resume"), FormAction: origin(q.home), Popup: q.mode == modeMessage,
		Request: []byte(q.form.Encode()),
	}
	p.guard(q.client, &a)
	if c := q.claims; c != nil {
		if c.subject != "" {
			a.Subject = c.subject
		}
		switch {
		case c.essentialACR:
			a.EssentialACR = c.acr
		case len(a.ACRValues) == 0:
			a.ACRValues = c.acr
		}
	}
	return a
}

// consentScopes are what the person is asked about.
func (q *request) consentScopes() []flows.ScopeAsk {
	return q.client.asks(q.first.GetRequestedScopes())
}

func (c *client) asks(scopes []string) []flows.ScopeAsk {
	var asks []flows.ScopeAsk
	for _, s := range scopes {
		if c.api != nil {
			if i := slices.IndexFunc(c.api.Scopes, func(a storage.Scope) bool { return a.Value == s }); i >= 0 {
				asks = append(asks, flows.ScopeAsk{Value: c.api.Audience + " " + s, Description: c.api.Scopes[i].Description})
				continue
			}
		}
		asks = append(asks, flows.ScopeAsk{Value: s})
	}
	return asks
}

// origin is the part of an address that a page's form-action has to name.
func origin(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	if u.Host == "" {
		return u.Scheme + ":"
	}
	return u.Scheme + "://" + u.Host
}

func clip(s string, n int) string {
	return strings.ToValidUTF8(s[:min(n, len(s))], "")
}
