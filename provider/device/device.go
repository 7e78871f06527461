package device

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/themes"
)

// Options are what a Provider is made of; all are required but Logger and
// ApplicationServerKey.
type Options struct {
	Issuer *url.URL // public address
	Name   string   // of the site
	Flows  *flows.Engine
	Themes *themes.Renderer
	Logger *slog.Logger // nil: silence
	// ApplicationServerKey is the one by which push services know this site (RFC 8292
	// §3.2) now, "" where the web authenticator is not notified.
	ApplicationServerKey func() string
}

// A Provider serves devices.
type Provider struct {
	site  string // the issuer without its last slash
	name  string
	flows *flows.Engine
	pages *themes.Renderer
	log   *slog.Logger
	key   func() string
}

// bases are the paths at which clients look for the protocol.
var bases = []string{"/appliance-mfa", "/guardian"}

// New makes a Provider.
func New(o Options) *Provider {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.ApplicationServerKey == nil {
		o.ApplicationServerKey = func() string { return "" }
	}
	return &Provider{
		site: strings.TrimSuffix(o.Issuer.String(), "/"), name: o.Name, flows: o.Flows, pages: o.Themes, log: o.Logger, key: o.ApplicationServerKey,
	}
}

// Mount adds the protocol to api and the page to browser.
func (p *Provider) Mount(browser, api *http.ServeMux) {
	for _, base := range bases {
		api.HandleFunc("POST "+base+"/api/enroll", p.enroll)
		api.HandleFunc("POST "+base+"/api/resolve-transaction", p.resolve)
		api.HandleFunc("PATCH "+base+"/api/device-accounts/{id}", p.account(p.amend))
		api.HandleFunc("DELETE "+base+"/api/device-accounts/{id}", p.account(p.remove))
		api.HandleFunc("GET "+base+"/api/device-accounts/{id}/question", p.account(p.question))
	}
	// Details of what is approved beyond a sign-in: there are none to a sign-in.
	api.HandleFunc("GET /rich-consents/{id}", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "consent_not_found", "There are no further details.")
	})
	p.mountPage(browser)
}

// maxBody bounds what a device sends.
const maxBody = 32 << 10

func (p *Provider) enroll(w http.ResponseWriter, r *http.Request) {
	ticket := ticketOf(r.Header.Get("Authorization"))
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		refuse(w, http.StatusBadRequest, "invalid_body", "The body ended early.")
		return
	}
	paired, err := p.flows.Pair(r, ticket, body)
	if errors.Is(err, flows.ErrGone) || errors.Is(err, factors.ErrExpired) {
		refuse(w, http.StatusNotFound, "enrollment_transaction_not_found", "The picture has expired or was used. Show a new one.")
		return
	}
	if errors.Is(err, factors.ErrSpent) {
		refuse(w, http.StatusConflict, "enrollment_conflict", "Another device was set up by this picture. Show a new one.")
		return
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	answer := map[string]any{
		"id": paired.AuthenticatorID, "url": p.site + bases[0], "issuer": paired.Issuer, "user_id": paired.UserID, "token": paired.Credential,
		"account": paired.Account,
	}
	if c := paired.Codes; c != nil {
		answer["totp"] = map[string]any{"secret": c.Text(), "algorithm": strings.ToLower(c.Algorithm), "digits": c.Digits, "period": c.Period}
	}
	reply(w, http.StatusCreated, answer)
}

// ticketOf reads `Ticket id="…"`.
func ticketOf(header string) string {
	id, ok := strings.CutPrefix(header, `Ticket id="`)
	id, closed := strings.CutSuffix(id, `"`)
	if !ok || !closed {
		return ""
	}
	return id
}

func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// addresses are those of an endpoint that a statement may be meant for. They come from
// the configuration, never from the request.
func (p *Provider) addresses(endpoint string) []string {
	all := make([]string, len(bases))
	for i, base := range bases {
		all[i] = p.site + base + endpoint
	}
	return all
}

func (p *Provider) resolve(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Response string `json:"challenge_response"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, maxBody)).Decode(&body); err != nil || body.Response == "" {
		refuse(w, http.StatusBadRequest, "invalid_body", `Send {"challenge_response": "<JWT>"}.`)
		return
	}
	verdict, err := p.flows.Receive(r, bearer(r), factors.Answer{
		"challenge_response": body.Response, "audience": strings.Join(p.addresses("/api/resolve-transaction"), " "),
	})
	switch {
	case errors.Is(err, flows.ErrGone), errors.Is(err, factors.ErrSpent):
		refuse(w, http.StatusNotFound, "login_transaction_not_found", "This sign-in is over, or was answered.")
	case errors.Is(err, factors.ErrExpired):
		refuse(w, http.StatusUnauthorized, "transaction_expired", "This sign-in took too long.")
	case err != nil:
		p.fail(w, r, err)
	case verdict == factors.Mismatched:
		refuse(w, http.StatusBadRequest, "invalid_number", "The number is not the one on the page. The sign-in has to ask again.")
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// account serves a device that shows its credential.
func (p *Provider) account(serve func(http.ResponseWriter, *http.Request, *flows.Device)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d, err := p.flows.Device(r.Context(), r.PathValue("id"), bearer(r), p.addresses("/api/device-accounts"))
		if errors.Is(err, flows.ErrGone) {
			refuse(w, http.StatusNotFound, "device_account_not_found", "This device is not set up any more.")
			return
		}
		if err != nil {
			p.fail(w, r, err)
			return
		}
		serve(w, r, d)
	}
}

func (p *Provider) amend(w http.ResponseWriter, r *http.Request, d *flows.Device) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil || len(body) == 0 {
		refuse(w, http.StatusBadRequest, "invalid_body", "Send what has changed as a JSON object.")
		return
	}
	about, err := p.flows.Amend(r, d, body)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	reply(w, http.StatusOK, json.RawMessage(about))
}

func (p *Provider) remove(w http.ResponseWriter, r *http.Request, d *flows.Device) {
	if err := p.flows.Remove(r, d); err != nil {
		p.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// question is 204 where nothing is asked.
func (p *Provider) question(w http.ResponseWriter, r *http.Request, d *flows.Device) {
	q, err := p.flows.Question(r, d)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	if q == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	reply(w, http.StatusOK, json.RawMessage(q))
}

// fail says an outcome in the words of the protocol.
func (p *Provider) fail(w http.ResponseWriter, r *http.Request, err error) {
	var malformed *factors.Malformed
	var limited *flows.Limited
	switch {
	case errors.As(err, &malformed):
		refuse(w, http.StatusBadRequest, "invalid_body", malformed.Field+": "+malformed.Mend+".")
	case errors.As(err, &limited):
		flows.RetryAfter(w.Header(), limited.Wait)
		refuse(w, http.StatusTooManyRequests, "too_many_requests", "Too many tries. Wait, then try again.")
	case errors.Is(err, factors.ErrWrong):
		refuse(w, http.StatusUnauthorized, "invalid_token", "The signature or a claim is not what was asked for.")
	default:
		p.log.ErrorContext(r.Context(), "device not served", "request_id", w.Header().Get("X-Request-Id"), "error", err)
		flows.RetryAfter(w.Header(), flows.BusyWait)
		refuse(w, http.StatusServiceUnavailable, "service_unavailable", "Try again in a moment.")
	}
}

// refuse writes the error body that the SDKs read.
func refuse(w http.ResponseWriter, status int, code, message string) {
	reply(w, status, map[string]any{"statusCode": status, "errorCode": code, "error": http.StatusText(status), "message": message})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json") // and nothing behind it: an SDK compares
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the device has gone
}
