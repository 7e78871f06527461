package oidc

import (
	"crypto/subtle"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

const hashSecret = "client_secret"

// HashSecret is what is kept of a client secret. Secrets are random values of our own
// making, so a keyed hash is enough and costs microseconds where a password hash
// would cost most of a token request.
func HashSecret(db *storage.DB, secret string) []byte { return db.Hash(hashSecret, secret) }

// credentials are what a client showed of itself.
type credentials struct {
	id, secret, assertion string
	method                string // token_endpoint_auth_method
}

// authenticate finds out which client calls, by the one method that it is registered
// with, and takes the credentials out of form.
//
// Errors: invalid_request where it tried several methods; invalid_client; a fault of
// ours.
func (p *Provider) authenticate(r *http.Request, form url.Values) (*client, error) {
	cred, err := presented(r, form)
	if err != nil {
		return nil, err
	}
	c, err := p.client(r.Context(), cred.id)
	if err == nil {
		err = p.prove(r, c, cred)
	}
	if e := new(oauthError); err != nil && asInvalidClient(err, &e) {
		return nil, p.failedAuthentication(r, e, cred)
	}
	for _, name := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		form.Del(name)
	}
	if c != nil {
		c.auth0 = auth0(r)
	}
	return c, err
}

func asInvalidClient(err error, e **oauthError) bool {
	*e = translate(err)
	return (*e).Code == "invalid_client"
}

// presented reads the credentials. Two methods at once are an error (RFC 6749 §2.3).
func presented(r *http.Request, form url.Values) (credentials, error) {
	cred := credentials{id: form.Get("client_id"), method: "none"}
	tried := 0
	if header := r.Header.Get("Authorization"); header != "" {
		id, secret, ok := basic(r)
		if !ok || cred.id != "" && cred.id != id {
			return cred, invalidClient(true)
		}
		cred.id, cred.secret, cred.method = id, secret, "client_secret_basic"
		tried++
	}
	if s := form.Get("client_secret"); s != "" {
		cred.secret, cred.method = s, "client_secret_post"
		tried++
	}
	if s := form.Get("client_assertion"); s != "" || form.Has("client_assertion_type") {
		cred.assertion, cred.method = s, "private_key_jwt"
		tried++
	}
	if tried > 1 {
		return cred, invalidRequest("Authenticate the client by one method only.")
	}
	if cred.method == "private_key_jwt" {
		if form.Get("client_assertion_type") != assertionType {
			return cred, invalidRequest("client_assertion_type has to be " + assertionType + ".")
		}
		if cred.id == "" {
			cred.id = unverifiedSubject(cred.assertion)
		}
	}
	return cred, nil
}

// basic decodes the header: id and secret are form-encoded before they are base64
// (RFC 6749 §2.3.1).
func basic(r *http.Request) (id, secret string, ok bool) {
	user, pass, ok := r.BasicAuth()
	if !ok {
		return "", "", false
	}
	id, errID := url.QueryUnescape(user)
	secret, errSecret := url.QueryUnescape(pass)
	return id, secret, errID == nil && errSecret == nil && id != ""
}

// prove checks cred against what c is registered with.
func (p *Provider) prove(r *http.Request, c *client, cred credentials) error {
	refused := invalidClient(cred.method == "client_secret_basic")
	registered := c.Metadata.TokenEndpointAuthMethod
	if registered == "" {
		registered = "client_secret_basic"
	}
	if c.Disabled || cred.method != registered && !oneSecret(r, registered, cred.method) {
		return refused
	}
	switch cred.method {
	case "none":
		return nil
	case "private_key_jwt":
		return p.checkAssertion(r.Context(), c, cred.assertion)
	}
	hash, now := HashSecret(p.db, cred.secret), p.now()
	ok := 0
	for _, s := range c.Secrets {
		if len(s.Hash) > 0 && (s.ExpiresAt.IsZero() || now.Before(s.ExpiresAt)) {
			ok |= subtle.ConstantTimeCompare(s.Hash, hash)
		}
	}
	if ok != 1 {
		return refused
	}
	return nil
}

// failures bounds failed client authentications from one network.
var failures = struct {
	burst  int
	period time.Duration
}{100, time.Second}

// failedAuthentication counts a failure; too many are answered 429.
func (p *Provider) failedAuthentication(r *http.Request, e *oauthError, cred credentials) error {
	e.basic = cred.method == "client_secret_basic"
	at := p.address(r)
	if at == (netip.Addr{}) {
		return e
	}
	wait, err := p.db.TakeAll(r.Context(), p.now(), storage.Limit{
		Key: "client_auth:" + flows.Network(at), Burst: failures.burst, Period: failures.period,
	})
	if err != nil {
		return err
	}
	if wait > 0 {
		return &oauthError{Code: "invalid_client", Description: "Too many failed attempts from this address. Try again later.", status: http.StatusTooManyRequests}
	}
	return e
}

// bearer is the token of an Authorization header, "" without one.
func bearer(r *http.Request) string {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
