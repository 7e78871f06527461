package push

import (
	"crypto/ecdh"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"

	"github.com/SherClockHolmes/webpush-go"
)

// longestSubscription is far above what browsers make.
const longestSubscription = 4096

// authLength is that of a browser's authentication secret (RFC 8291, section 3.2).
const authLength = 16

// checkSubscription says whether messages can go to a PushSubscription, in JSON. It is
// what a browser sends, and so what anybody does: only its host keeps this server from
// asking addresses of its own network. The errors do not tell the endpoint.
func (w *webPush) checkSubscription(token string) error {
	_, err := w.subscription(token)
	return err
}

func (w *webPush) subscription(token string) (*webpush.Subscription, error) {
	var s webpush.Subscription
	if len(token) > longestSubscription || json.Unmarshal([]byte(token), &s) != nil {
		return nil, errors.New("it is no subscription")
	}
	u, err := url.Parse(s.Endpoint)
	switch {
	case err != nil, u.Scheme != "https", u.User != nil, u.Fragment != "":
		return nil, errors.New("the endpoint is no https address")
	case !w.config.uses(u.Host): // with its port: the list has those that are not usual
		return nil, errors.New("the endpoint is of a push service that is not in web_push.services")
	}
	b64 := base64.RawURLEncoding
	key, err := b64.DecodeString(s.Keys.P256dh)
	if err != nil {
		return nil, errors.New("p256dh is no base64url")
	}
	if _, err := ecdh.P256().NewPublicKey(key); err != nil {
		return nil, errors.New("p256dh is no key of P-256")
	}
	if auth, err := b64.DecodeString(s.Keys.Auth); err != nil || len(auth) != authLength {
		return nil, errors.New("auth is no secret of 16 bytes")
	}
	return &s, nil
}
