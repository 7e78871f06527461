package flows

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// An Imagined is a sign-in that does not happen, for trying scripts out.
type Imagined struct {
	Issuer         *url.URL
	DB             *storage.DB
	Factors        *factors.Registry
	User           *storage.User
	Authenticators []*storage.Authenticator
	Client         *storage.Client
	Connection     string // as Config.Connection
	Now            time.Time
}

// imaginedAddress is one for documentation (RFC 5737).
const imaginedAddress = "192.0.2.1"

// Imagine is what scripts would see of a person who has just shown their password to sign
// in to a client: user and context of rules, event of actions.
func Imagine(ctx context.Context, i Imagined) (user, about, event json.RawMessage, err error) {
	e := &Engine{
		issuer: i.Issuer, db: i.DB, factors: i.Factors, config: Config{Connection: i.Connection}, clock: func() time.Time { return i.Now },
		address: func(*http.Request) netip.Addr { return netip.MustParseAddr(imaginedAddress) },
	}
	l := &login{
		row: &storage.Login{ID: "lgn_imagined"}, user: i.User, client: i.Client, settings: &storage.Settings{},
		state: state{
			Ask:     Ask{ClientID: i.Client.ID, RequestedAt: i.Now, Request: []byte("response_type=code&scope=openid")},
			Proofs:  []factors.Proof{{Factor: factors.Password, AMR: []string{"pwd"}, Kinds: factors.Knows, At: i.Now}},
			History: &history{},
		},
	}
	e.keep(l, i.Authenticators)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, i.Issuer.String(), nil)
	if err != nil {
		return nil, nil, nil, err
	}
	seen, err := e.about(ctx, r, l, nil)
	if err != nil {
		return nil, nil, nil, err
	}
	return seen.user, seen.context, seen.event, nil
}
