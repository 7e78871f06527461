package standin

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Duo speaks the Universal Prompt's protocol: health check, signed request, prompt,
// code exchange. https://duo.com/docs/oauthapi
type Duo struct {
	ClientID, ClientSecret string
	APIHost                string // that requests are signed for
	Faults                 Faults

	mu    sync.Mutex
	codes map[string]answered
}

type answered struct {
	username, redirect, factor, reason, result string
}

// DuoFactors are the methods that its prompt offers.
var DuoFactors = []string{"duo_push", "phone_call", "sms_passcode", "duo_mobile_passcode", "webauthn_security_key", "bypass_code"}

var prompt = template.Must(template.New("duo").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Duo (stand-in)</title>
<style>body{font:16px/1.5 system-ui;max-width:22rem;margin:2rem auto;padding:0 1rem}button{display:block;width:100%;margin:.5rem 0;padding:.7rem;font:inherit}</style></head>
<body><h1 id="title">Duo (stand-in)</h1><p>This is not Duo. It asks {{.Username}} what they did there.</p>
<form method="post"><input type="hidden" name="request" value="{{.Request}}">
{{range .Factors}}<button name="factor" value="{{.}}">{{.}}</button>{{end}}
<button name="factor" value="deny" id="deny">deny</button></form></body></html>`))

// ServeHTTP implements http.Handler.
func (d *Duo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault := d.Faults.take(r)
	switch {
	case fault.Drop:
		drop()
	case fault.Status != 0:
		http.Error(w, fault.Reason, fault.Status)
		return
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "POST /oauth/v1/health_check":
		d.health(w, r)
	case "GET /oauth/v1/authorize":
		d.ask(w, r)
	case "POST /oauth/v1/authorize":
		d.answer(w, r)
	case "POST /oauth/v1/token":
		d.token(w, r)
	default:
		http.NotFound(w, r)
	}
}

// proves checks a JWT of the client for one of Duo's addresses.
func (d *Duo) proves(text, path string, claims jwt.Claims) bool {
	_, err := jwt.ParseWithClaims(text, claims, func(*jwt.Token) (any, error) { return []byte(d.ClientSecret), nil },
		jwt.WithValidMethods([]string{"HS512"}), jwt.WithExpirationRequired(),
		jwt.WithIssuer(d.ClientID), jwt.WithAudience("https://"+d.APIHost+path))
	return err == nil
}

func (d *Duo) health(w http.ResponseWriter, r *http.Request) {
	answer := map[string]any{"stat": "OK", "response": map[string]any{"timestamp": time.Now().Unix()}}
	if r.PostForm.Get("client_id") != d.ClientID || !d.proves(r.PostForm.Get("client_assertion"), "/oauth/v1/health_check", &jwt.RegisteredClaims{}) {
		answer = map[string]any{"stat": "FAIL", "code": 40002, "message": "invalid_client", "message_detail": "Failed to verify signature."}
	}
	reply(w, http.StatusOK, answer)
}

// request is what the client signed for the browser to carry.
type request struct {
	jwt.RegisteredClaims
	Username    string `json:"duo_uname"`
	State       string `json:"state"`
	RedirectURI string `json:"redirect_uri"`
	ClientID    string `json:"client_id"`
	Scope       string `json:"scope"`
	DuoCode     bool   `json:"use_duo_code_attribute"`
}

func (d *Duo) read(text string) (q request, ok bool) {
	ok = d.proves(text, "", &q)
	return q, ok && q.ClientID == d.ClientID && q.Scope == "openid" && len(q.State) >= 22 && len(q.State) <= 1024 && q.Username != ""
}

func (d *Duo) ask(w http.ResponseWriter, r *http.Request) {
	q, ok := d.read(r.Form.Get("request"))
	if !ok || r.Form.Get("client_id") != d.ClientID || r.Form.Get("response_type") != "code" {
		http.Error(w, "invalid request", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = prompt.Execute(w, map[string]any{"Username": q.Username, "Request": r.Form.Get("request"), "Factors": DuoFactors})
}

func (d *Duo) answer(w http.ResponseWriter, r *http.Request) {
	q, ok := d.read(r.PostForm.Get("request"))
	to, err := url.Parse(q.RedirectURI)
	if !ok || err != nil {
		http.Error(w, "invalid request", http.StatusBadRequest)
		return
	}
	a := answered{username: q.Username, redirect: q.RedirectURI, factor: r.PostForm.Get("factor"), reason: "user_approved", result: "allow"}
	if a.factor == "deny" {
		a.factor, a.reason, a.result = "duo_push", "user_marked_fraud", "deny"
	}
	name := "code"
	if q.DuoCode {
		name = "duo_code"
	}
	to.RawQuery = url.Values{"state": {q.State}, name: {d.Grant(a.username, a.redirect, a.factor, a.reason, a.result)}}.Encode()
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// Grant makes a code as if somebody had been at the prompt.
func (d *Duo) Grant(username, redirect, factor, reason, result string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.codes == nil {
		d.codes = map[string]answered{}
	}
	code := rand.Text()
	d.codes[code] = answered{username, redirect, factor, reason, result}
	return code
}

func (d *Duo) token(w http.ResponseWriter, r *http.Request) {
	f := r.PostForm
	d.mu.Lock()
	a, known := d.codes[f.Get("code")]
	delete(d.codes, f.Get("code"))
	d.mu.Unlock()
	switch {
	case !d.proves(f.Get("client_assertion"), "/oauth/v1/token", &jwt.RegisteredClaims{}):
		reply(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	case !known || f.Get("grant_type") != "authorization_code" || !hmac.Equal([]byte(a.redirect), []byte(f.Get("redirect_uri"))):
		reply(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": "https://" + d.APIHost + "/oauth/v1/token", "aud": d.ClientID, "sub": a.username, "preferred_username": a.username,
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "auth_time": now.Unix(),
		"auth_result":  map[string]any{"result": a.result, "status": a.result, "status_msg": a.reason},
		"auth_context": map[string]any{"factor": a.factor, "reason": a.reason, "result": a.result, "txid": rand.Text(), "user": map[string]any{"name": a.username}},
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS512, claims).SignedString([]byte(d.ClientSecret))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	reply(w, http.StatusOK, map[string]any{"id_token": token, "access_token": rand.Text(), "expires_in": 300, "token_type": "Bearer"})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
