package resource

import (
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"
)

// Claims are what a good token says (RFC 9068 §2.2).
type Claims struct {
	Issuer   string
	Subject  string // the user, or the client where it acts for itself
	ClientID string
	Audience []string
	Scopes   []string
	ACR      string   // how the person proved who they are, "" where it is not said
	AMR      []string // by which methods (RFC 8176)
	AuthTime time.Time
	IssuedAt time.Time
	Expiry   time.Time
	ID       string         // jti
	Extra    map[string]any // all claims, by their names
}

// wire is the token's JSON, or the answer of introspection.
type wire struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
	ClientID string   `json:"client_id"`
	Expiry   *float64 `json:"exp"`
	NotYet   float64  `json:"nbf"`
	IssuedAt float64  `json:"iat"`
	ID       string   `json:"jti"`
	Scope    string   `json:"scope"`
	ACR      string   `json:"acr"`
	AMR      []string `json:"amr"`
	AuthTime float64  `json:"auth_time"`
}

// An audience is one string or a list of them (RFC 7519 §4.1.3).
type audience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// claims is w with its times as times. It is called for what has an exp.
func (w *wire) claims(extra map[string]any) *Claims {
	return &Claims{
		Issuer: w.Issuer, Subject: w.Subject, ClientID: w.ClientID, Audience: w.Audience, ID: w.ID,
		Scopes: strings.Fields(w.Scope), ACR: w.ACR, AMR: w.AMR,
		AuthTime: moment(w.AuthTime), IssuedAt: moment(w.IssuedAt), Expiry: moment(*w.Expiry), Extra: extra,
	}
}

// read takes the claims out of JSON. The decoder of go-jose tells exp from EXP and
// refuses a claim that is there twice (RFC 7519 §4); the one of the standard library
// does neither.
func read(payload []byte) (w *wire, extra map[string]any, err error) {
	w = &wire{}
	if err = json.Unmarshal(payload, w); err == nil {
		err = json.Unmarshal(payload, &extra)
	}
	return w, extra, err
}

// moment is a NumericDate (RFC 7519 §2), the zero time for 0.
func moment(seconds float64) time.Time {
	const last = 253402300799 // the end of the year 9999
	if seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(int64(min(seconds, last)), 0).UTC()
}
