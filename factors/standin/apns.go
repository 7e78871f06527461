package standin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// APNS is Apple's push notification service. It speaks HTTP/2 only: serve it by a server
// that does, with TLS or, on this machine, without. For certificates the server has to
// ask for one (tls.RequestClientCert).
// https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns
type APNS struct {
	Topic         string // bundle ID of the app
	TeamID, KeyID string
	Key           *ecdsa.PublicKey  // of the team; nil: nobody has one
	Certificate   *x509.Certificate // of the app; nil: nobody has one
	Got           func(Notified)
	Faults        Faults

	mu   sync.Mutex
	gone map[string]time.Time // by token
}

// NewAPNS is a service for one app, with the .p8 file of a key.
func NewAPNS(topic, team, key string) (a *APNS, p8 string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, "", err
	}
	p8 = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return &APNS{Topic: topic, TeamID: team, KeyID: key, Key: &private.PublicKey}, p8, nil
}

// Unregister is the app being deleted from a phone.
func (a *APNS) Unregister(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gone == nil {
		a.gone = map[string]time.Time{}
	}
	a.gone[token] = time.Now()
}

var (
	appleTokens = regexp.MustCompile(`^[0-9A-Fa-f]{64}$`)
	pushTypes   = []string{"alert", "background", "location", "voip", "complication", "fileprovider", "mdm", "liveactivity", "pushtotalk"}
)

// appleStatus are the statuses of Apple's reasons; 400 for all others.
var appleStatus = map[string]int{
	"BadCertificate": 403, "MissingProviderToken": 403, "InvalidProviderToken": 403, "ExpiredProviderToken": 403,
	"BadPath": 404, "MethodNotAllowed": 405, "Unregistered": 410, "PayloadTooLarge": 413,
}

// ServeHTTP implements http.Handler.
func (a *APNS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault := a.Faults.take(r)
	switch {
	case fault.Drop && !fault.After:
		drop()
	case r.ProtoMajor != 2:
		http.Error(w, "HTTP/2 only", http.StatusHTTPVersionNotSupported)
		return
	}
	n := Notified{Vendor: "apns", Platform: "APNS", ID: r.Header.Get("apns-id"), Collapse: r.Header.Get("apns-collapse-id")}
	if n.ID == "" {
		n.ID = strings.ToUpper(uuid.NewString())
	}
	w.Header().Set("apns-id", n.ID)
	reason := a.read(r, &n)
	status, known := appleStatus[reason]
	switch {
	case reason == "" && fault.Status != 0:
		status, reason = fault.Status, fault.Reason
	case reason != "" && !known:
		status = http.StatusBadRequest
	}
	if reason != "" {
		a.refuse(w, status, reason, n.Token)
		return
	}
	if a.Got != nil {
		a.Got(n)
	}
	if fault.Drop {
		drop()
	}
}

// read checks a request as Apple does, and says by Apple's word why it is refused.
func (a *APNS) read(r *http.Request, n *Notified) (reason string) {
	token, ok := strings.CutPrefix(r.URL.Path, "/3/device/")
	n.Token = token
	switch {
	case r.Method != http.MethodPost:
		return "MethodNotAllowed"
	case !ok:
		return "BadPath"
	case token == "":
		return "MissingDeviceToken"
	case !appleTokens.MatchString(token):
		return "BadDeviceToken"
	}
	if reason := a.trusts(r); reason != "" {
		return reason
	}
	if reason := a.readHeaders(r.Header, n); reason != "" {
		return reason
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, largestPayload+1))
	if err != nil {
		return "IdleTimeout"
	}
	if reason := n.readApple(body); reason != "" {
		return reason
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.gone[token].IsZero() {
		return "Unregistered"
	}
	return ""
}

// trusts says why a request is of nobody who may notify the app's phones.
func (a *APNS) trusts(r *http.Request) (reason string) {
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		if a.Certificate == nil || !r.TLS.PeerCertificates[0].Equal(a.Certificate) {
			return "BadCertificate"
		}
		return ""
	}
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "bearer ")
	if !ok || text == "" {
		return "MissingProviderToken"
	}
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(text, &claims, func(t *jwt.Token) (any, error) {
		if t.Header["kid"] != a.KeyID || a.Key == nil {
			return nil, jwt.ErrTokenUnverifiable
		}
		return a.Key, nil
	}, jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer(a.TeamID), jwt.WithIssuedAt())
	switch {
	case err != nil, claims.IssuedAt == nil:
		return "InvalidProviderToken"
	case time.Since(claims.IssuedAt.Time) > time.Hour:
		return "ExpiredProviderToken"
	}
	return ""
}

func (a *APNS) readHeaders(h http.Header, n *Notified) (reason string) {
	topic, kind, priority := h.Get("apns-topic"), h.Get("apns-push-type"), h.Get("apns-priority")
	at, err := strconv.ParseInt("0"+h.Get("apns-expiration"), 10, 64)
	n.Expires = time.Unix(at, 0)
	switch {
	case uuid.Validate(n.ID) != nil || len(n.ID) != 36:
		return "BadMessageId"
	case topic == "":
		return "MissingTopic"
	case topic != a.Topic:
		return "TopicDisallowed"
	case !slices.Contains(pushTypes, kind):
		return "InvalidPushType"
	case !slices.Contains([]string{"", "1", "5", "10"}, priority), kind == "background" && priority == "10":
		return "BadPriority"
	case err != nil:
		return "BadExpirationDate"
	case len(n.Collapse) > 64:
		return "BadCollapseId"
	}
	return ""
}

func (a *APNS) refuse(w http.ResponseWriter, status int, reason, token string) {
	body := map[string]any{"reason": reason}
	if status == http.StatusGone {
		a.mu.Lock()
		body["timestamp"] = a.gone[token].UnixMilli()
		a.mu.Unlock()
	}
	reply(w, status, body)
}
