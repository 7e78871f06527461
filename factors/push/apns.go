package push

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/sideshow/apns2"
	"github.com/sideshow/apns2/payload"
	"github.com/sideshow/apns2/token"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/sallyport-id/sallyport/factors"
)

// APNS is an app at Apple, with a key of the team or a certificate of the app.
type APNS struct {
	BundleID            string `koanf:"bundle_id" doc:"of your app; empty: iPhones are not notified"`
	KeyID               string `koanf:"key_id" doc:"of the key, 10 characters"`
	TeamID              string `koanf:"team_id" doc:"of your team, 10 characters"`
	PrivateKey          string `doc:"the .p8 file of the key"`
	Certificate         string `doc:"instead of a key: the .p12 file of the app's certificate, in base64"`
	CertificatePassword string `doc:"of the .p12 file; empty: it has none"`
	Sandbox             bool   `doc:"the app is signed for development"`
	BaseURL             string `koanf:"base_url" doc:"address that speaks Apple's API; empty: Apple"`
}

// category is what makes a notification a question for apps that are built with a
// Guardian SDK.
const category = "com.auth0.notification.authentication"

// apns sends over Apple's push notification service.
// https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns
type apns struct {
	client *apns2.Client
	topic  string
}

var (
	appleID  = regexp.MustCompile(`^[A-Z0-9]{10}$`)
	bundleID = regexp.MustCompile(`^[A-Za-z0-9.-]{1,155}$`)
)

// open is nil where nothing is set.
func (c *APNS) open() (*apns, error) {
	if *c == (APNS{Sandbox: c.Sandbox, BaseURL: c.BaseURL}) {
		return nil, nil
	}
	usual := apns2.HostProduction
	if c.Sandbox {
		usual = apns2.HostDevelopment
	}
	host, err := vendorAt("delivery.apns.base_url", c.BaseURL, usual)
	faults := []error{err}
	if !bundleID.MatchString(c.BundleID) {
		faults = append(faults, fmt.Errorf("delivery.apns.bundle_id: %q is none; use the one of your app, such as com.example.app", c.BundleID))
	}
	client := &apns2.Client{Host: host}
	var certificates []tls.Certificate
	switch {
	case c.Certificate != "" && c.PrivateKey != "":
		faults = append(faults, errors.New("delivery.apns.certificate: stands beside private_key; leave one of them out"))
	case c.Certificate != "":
		certificate, err := c.certificate()
		certificates, faults = append(certificates, certificate), append(faults, err)
	default:
		client.Token, err = c.token()
		faults = append(faults, err)
	}
	client.HTTPClient = &http.Client{CheckRedirect: stay, Transport: overHTTP2(certificates)}
	return &apns{client, c.BundleID}, errors.Join(faults...)
}

// overHTTP2 is the only way to talk to Apple, who wants connections to stay open: pings
// find those that died. Without TLS it is for base_url.
func overHTTP2(certificates []tls.Certificate) *http.Transport {
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, Protocols: &http.Protocols{}, HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second},
		TLSClientConfig: &tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS12},
	}
	t.Protocols.SetHTTP2(true)
	t.Protocols.SetUnencryptedHTTP2(true)
	return t
}

// token signs what says who we are. It is made once in 50 minutes: Apple refuses those
// that are older than an hour, and whoever makes them all the time.
func (c *APNS) token() (*token.Token, error) {
	faults := unset("delivery.apns", "copy it from Apple's developer account", "private_key", c.PrivateKey)
	for name, id := range map[string]string{"key_id": c.KeyID, "team_id": c.TeamID} {
		if !appleID.MatchString(id) {
			faults = append(faults, fmt.Errorf("delivery.apns.%s: %q is none; Apple's have 10 capital letters and digits", name, id))
		}
	}
	var key *ecdsa.PrivateKey
	if c.PrivateKey != "" {
		var err error
		key, err = token.AuthKeyFromBytes([]byte(c.PrivateKey))
		if err != nil || key.Curve != elliptic.P256() {
			faults = append(faults, errors.New("delivery.apns.private_key: is no key of P-256 in PKCS #8; use the whole .p8 file"))
		}
	}
	return &token.Token{AuthKey: key, KeyID: c.KeyID, TeamID: c.TeamID}, errors.Join(faults...)
}

func (c *APNS) certificate() (tls.Certificate, error) {
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(c.Certificate), ""))
	if err != nil {
		return tls.Certificate{}, errors.New("delivery.apns.certificate: is no base64; encode the .p12 file")
	}
	key, leaf, _, err := pkcs12.DecodeChain(b, c.CertificatePassword)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return tls.Certificate{}, errors.New("delivery.apns.certificate_password: is not that of the certificate; leave it out where it has none")
	case err != nil:
		return tls.Certificate{}, errors.New("delivery.apns.certificate: is no .p12 file with a certificate and its key; export both from the keychain")
	}
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

// forApple is what iPhones are sent: the question is an object.
func forApple(n note) ([]byte, error) {
	// An extension of the app may change what is shown, and say it in its own words.
	p := payload.NewPayload().AlertTitle(n.Title).AlertBody(n.Body).Category(category).Sound("default").MutableContent()
	b, err := json.Marshal(p.Custom("mfa", json.RawMessage(n.Data)))
	if err != nil {
		return nil, fmt.Errorf("%w: apns: %w", factors.ErrUndeliverable, err)
	}
	return b, small("apns", len(b))
}

// collapse is the same for each attempt, so that a second one takes the place of the
// first.
func collapse(n note) string { return uuid.NewSHA1(uuid.Nil, []byte(n.ID)).String() }

// send implements sender.
func (a *apns) send(ctx context.Context, _, device string, n note) error {
	text, err := forApple(n)
	if err != nil {
		return err
	}
	ctx, w := watched(ctx)
	res, err := a.client.PushWithContext(ctx, &apns2.Notification{
		DeviceToken: device, Topic: a.topic, PushType: apns2.PushTypeAlert, Priority: apns2.PriorityHigh,
		ApnsID: collapse(n), CollapseID: collapse(n), Expiration: n.Expires, Payload: text,
	})
	if err != nil {
		return w.unanswered("apns", err)
	}
	return answered("apns", res.StatusCode, res.Reason)
}
