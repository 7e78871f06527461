package push

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"golang.org/x/sync/singleflight"

	"github.com/sallyport-id/sallyport/factors"
)

// FCM is a project at Google's Firebase.
type FCM struct {
	Credentials string `doc:"JSON file of a service account of your Firebase project; empty: Android phones are not notified"`
	BaseURL     string `koanf:"base_url" doc:"address that speaks Google's API; empty: Google"`
}

const (
	googleFCM = "https://fcm.googleapis.com"
	fcmScope  = "https://www.googleapis.com/auth/firebase.messaging"
)

// fcm sends over Firebase Cloud Messaging.
// https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send
type fcm struct {
	address string
	tokens  oauth2.TokenSource
	asking  singleflight.Group
	http    *http.Client
}

// open is nil where nothing is set.
func (c *FCM) open() (*fcm, error) {
	if c.Credentials == "" {
		return nil, nil
	}
	base, err := vendorAt("delivery.fcm.base_url", c.BaseURL, googleFCM)
	faults := []error{err}
	project, err := c.project()
	faults = append(faults, err)
	config, err := google.JWTConfigFromJSON([]byte(c.Credentials), fcmScope)
	if err != nil {
		return nil, errors.Join(append(faults, errors.New("delivery.fcm.credentials: are no JSON of a service account; copy the whole file"))...)
	}
	hc := &http.Client{Timeout: pushTimeout, CheckRedirect: stay}
	return &fcm{
		address: base + "/v1/projects/" + url.PathEscape(project) + "/messages:send",
		tokens:  config.TokenSource(context.WithValue(context.Background(), oauth2.HTTPClient, hc)),
		http:    hc,
	}, errors.Join(faults...)
}

// project checks what Google's library does not before it is used.
func (c *FCM) project() (string, error) {
	const key = "delivery.fcm.credentials"
	var account struct {
		ProjectID   string `json:"project_id"`
		ClientEmail string `json:"client_email"`
		PrivateKey  string `json:"private_key"`
		TokenURI    string `json:"token_uri"`
	}
	if err := json.Unmarshal([]byte(c.Credentials), &account); err != nil {
		return "", nil // the library says it
	}
	faults := unset(key, "copy the whole file again", "project_id", account.ProjectID, "client_email", account.ClientEmail)
	block, _ := pem.Decode([]byte(account.PrivateKey))
	var private any
	if block != nil {
		private, _ = x509.ParsePKCS8PrivateKey(block.Bytes) // nil where it is none
	}
	if _, ok := private.(*rsa.PrivateKey); !ok {
		faults = append(faults, errors.New(key+".private_key: is no RSA key in PKCS #8; copy the whole file again"))
	}
	_, err := vendorAt(key+".token_uri", account.TokenURI, "")
	return account.ProjectID, errors.Join(append(faults, err)...)
}

// A messageFCM is what Google is asked to pass on. It has no notification: the app makes
// one of the data, and Android would show another beside it.
type messageFCM struct {
	Token   string            `json:"token,omitempty"`
	Data    map[string]string `json:"data"`
	Android struct {
		Priority string `json:"priority"`
		TTL      string `json:"ttl"`
	} `json:"android"`
}

// forGoogle is what Android phones are sent: all values are strings, objects and
// numbers among them as their JSON.
func forGoogle(device string, n note) (m messageFCM, err error) {
	var question map[string]json.RawMessage
	if err := json.Unmarshal(n.Data, &question); err != nil {
		return m, fmt.Errorf("%w: fcm: %w", factors.ErrUndeliverable, err)
	}
	m.Token, m.Data = device, make(map[string]string, len(question))
	size := 0
	for key, value := range question {
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = string(value)
		}
		m.Data[key] = text
		size += len(key) + len(text)
	}
	m.Android.Priority = "HIGH"
	m.Android.TTL = fmt.Sprintf("%ds", secondsLeft(n))
	return m, small("fcm", size)
}

// secondsLeft is how long a notification is worth something.
func secondsLeft(n note) int { return int(math.Ceil(time.Until(n.Expires).Seconds())) }

// send implements sender.
func (f *fcm) send(ctx context.Context, _, device string, n note) error {
	m, err := forGoogle(device, n)
	if err != nil {
		return err
	}
	b, err := json.Marshal(map[string]any{"message": m})
	if err != nil {
		return fmt.Errorf("%w: fcm: %w", factors.ErrUndeliverable, err)
	}
	bearer, err := f.bearer(ctx)
	if err != nil {
		return err
	}
	ctx, w := watched(ctx)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.address, bytes.NewReader(b))
	if err != nil {
		return w.unanswered("fcm", err)
	}
	r.Header.Set("Authorization", "Bearer "+bearer)
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	res, err := f.http.Do(r)
	if err != nil {
		return w.unanswered("fcm", err)
	}
	body, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10)) // the status counts; the rest says why
	_ = res.Body.Close()
	return answered("fcm", res.StatusCode, whyGoogle(body))
}

// bearer is an access token, the same until it expires. The library takes no context for
// it: whoever needs one waits for the same request, which the time-out of http ends.
func (f *fcm) bearer(ctx context.Context) (string, error) {
	got := f.asking.DoChan("", func() (any, error) { return f.tokens.Token() })
	select {
	case <-ctx.Done():
		return "", before(fmt.Errorf("fcm: access token: %w", ctx.Err()))
	case g := <-got:
		token, ok := g.Val.(*oauth2.Token)
		if g.Err != nil || !ok {
			return "", ungranted(g.Err)
		}
		return token.AccessToken, nil
	}
}

// ungranted says what it means for another attempt that there is no access token.
func ungranted(err error) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return before(fmt.Errorf("fcm: access token: %w", err))
	}
	var body struct {
		Error string `json:"error"` // RFC 6749, section 5.2
	}
	_ = json.Unmarshal(refused.Body, &body) // the status counts
	return before(answered("fcm: access token", refused.Response.StatusCode, body.Error))
}

// whyGoogle is the error code of FCM, or else the one of all Google's services.
// https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
func whyGoogle(body []byte) string {
	var answer struct {
		Error struct {
			Status  string `json:"status"`
			Details []struct {
				Type string `json:"@type"`
				Code string `json:"errorCode"`
			} `json:"details"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &answer) // "" where it is none
	for _, d := range answer.Error.Details {
		if strings.HasSuffix(d.Type, ".FcmError") && d.Code != "" {
			return d.Code
		}
	}
	return answer.Error.Status
}
