package standin

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// FCM is Firebase Cloud Messaging for one project, and Google's token endpoint for its
// service account.
// https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send,
// https://developers.google.com/identity/protocols/oauth2/service-account
type FCM struct {
	Project     string
	Account     string // client_email of the service account
	Key         *rsa.PublicKey
	TokenURI    string        // as it stands in the account's file
	Lifetime    time.Duration // of access tokens; 0: an hour
	Got         func(Notified)
	Faults      Faults // of messages
	TokenFaults Faults // of the token endpoint

	mu     sync.Mutex
	tokens map[string]time.Time // and when they expire
	gone   map[string]bool      // phones
}

// FCMTokenPath is where the token endpoint is below the address of the service.
const FCMTokenPath = "/token"

// fcmScope is one of the two that messages:send takes.
const fcmScope = "https://www.googleapis.com/auth/firebase.messaging"

// NewFCM is a service at an address, with the file of a service account.
func NewFCM(address, project string) (f *FCM, credentials string, err error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, "", err
	}
	f = &FCM{Project: project, Account: "push@" + project + ".iam.gserviceaccount.com", Key: &key.PublicKey, TokenURI: address + FCMTokenPath}
	b, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": project, "client_email": f.Account, "token_uri": f.TokenURI, "private_key_id": rand.Text(),
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	return f, string(b), err
}

// Unregister is the app being deleted from a phone.
func (f *FCM) Unregister(token string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone == nil {
		f.gone = map[string]bool{}
	}
	f.gone[token] = true
}

// ServeHTTP implements http.Handler.
func (f *FCM) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "POST " + FCMTokenPath:
		f.grant(w, r)
	case "POST /v1/projects/" + f.Project + "/messages:send":
		f.send(w, r)
	default:
		f.refuse(w, http.StatusNotFound, "", "Requested entity was not found.")
	}
}

// grant is the token endpoint (RFC 7523, section 2.1).
func (f *FCM) grant(w http.ResponseWriter, r *http.Request) {
	fault := f.TokenFaults.take(r)
	switch {
	case fault.Drop:
		drop()
	case fault.Status != 0:
		reply(w, fault.Status, map[string]any{"error": fault.Reason})
		return
	case r.ParseForm() != nil || r.PostForm.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
		reply(w, http.StatusBadRequest, map[string]any{"error": "unsupported_grant_type"})
		return
	}
	var claims struct {
		jwt.RegisteredClaims
		Scope string `json:"scope"`
	}
	_, err := jwt.ParseWithClaims(r.PostForm.Get("assertion"), &claims, func(*jwt.Token) (any, error) { return f.Key, nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(f.Account), jwt.WithAudience(f.TokenURI), jwt.WithExpirationRequired())
	switch {
	case err != nil:
		reply(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
	case claims.IssuedAt == nil || claims.ExpiresAt.Sub(claims.IssuedAt.Time) > time.Hour+10*time.Second || time.Since(claims.IssuedAt.Time).Abs() > 10*time.Minute:
		reply(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "Token must be a short-lived token (60 minutes) and in a reasonable timeframe."})
	case claims.Scope != fcmScope:
		reply(w, http.StatusBadRequest, map[string]any{"error": "invalid_scope"})
	default:
		lifetime := cmp.Or(f.Lifetime, time.Hour)
		reply(w, http.StatusOK, map[string]any{"access_token": f.issue(lifetime), "expires_in": int(lifetime.Seconds()), "token_type": "Bearer"})
	}
}

func (f *FCM) issue(lifetime time.Duration) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tokens == nil {
		f.tokens = map[string]time.Time{}
	}
	token := "ya29." + rand.Text()
	f.tokens[token] = time.Now().Add(lifetime)
	return token
}

// Revoke ends all access tokens.
func (f *FCM) Revoke() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.tokens)
}

func (f *FCM) send(w http.ResponseWriter, r *http.Request) {
	fault := f.Faults.take(r)
	if fault.Drop && !fault.After {
		drop()
	}
	n := Notified{Vendor: "fcm", Platform: "GCM", ID: "projects/" + f.Project + "/messages/" + uuid.NewString()}
	status, code, why := f.read(r, &n)
	if status == 0 && fault.Status != 0 {
		status, code, why = fault.Status, fault.Reason, "as it was told to"
	}
	if status != 0 {
		f.refuse(w, status, code, why)
		return
	}
	if f.Got != nil {
		f.Got(n)
	}
	if fault.Drop {
		drop()
	}
	reply(w, http.StatusOK, map[string]any{"name": n.ID})
}

// read checks a request as Google does; status is 0 where nothing is wrong.
func (f *FCM) read(r *http.Request, n *Notified) (status int, code, why string) {
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	f.mu.Lock()
	known := time.Now().Before(f.tokens[bearer])
	f.mu.Unlock()
	if !known {
		return http.StatusUnauthorized, "", "Request had invalid authentication credentials."
	}
	var q struct {
		Message json.RawMessage `json:"message"`
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || json.Unmarshal(body, &q) != nil || q.Message == nil {
		return http.StatusBadRequest, "INVALID_ARGUMENT", "Invalid JSON payload received."
	}
	if why := n.readGoogle(q.Message); why != "" {
		return http.StatusBadRequest, "INVALID_ARGUMENT", why
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case n.Token == "":
		return http.StatusBadRequest, "INVALID_ARGUMENT", "Recipient of the message is not set."
	case f.gone[n.Token]:
		return http.StatusNotFound, "UNREGISTERED", "Requested entity was not found."
	}
	return 0, "", ""
}

// googleStatus are the names that Google has for its answers.
// https://cloud.google.com/apis/design/errors
var googleStatus = map[int]string{
	400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED",
	500: "INTERNAL", 503: "UNAVAILABLE",
}

// refuse answers with an error; code is that of FCM, where it has one.
func (f *FCM) refuse(w http.ResponseWriter, status int, code, why string) {
	e := map[string]any{"code": status, "message": why, "status": googleStatus[status]}
	if code != "" {
		e["details"] = []map[string]any{{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}}
	}
	reply(w, status, map[string]any{"error": e})
}
