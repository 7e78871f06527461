package management

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"code.dny.dev/ssrf"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// webhookTimeout bounds one request.
const webhookTimeout = 15 * time.Second

// Streams are what log streams may do.
type Streams struct {
	Private bool   // send to private addresses and this machine, by http too
	Dir     string // write files here; "": none
}

// checkWebhook refuses what leads elsewhere than to a server of the world.
func (a *API) checkWebhook(k *sink) error {
	u, err := url.Parse(k.Endpoint)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || !a.Streams.Private):
		return invalid("sink.httpEndpoint", "is no https address without a name and a fragment in it")
	case !headerText(k.Authorization):
		return invalid("sink.httpAuthorization", "has characters that no header may have")
	case !headerText(k.ContentType):
		return invalid("sink.httpContentType", "has characters that no header may have")
	}
	if at, err := netip.ParseAddr(u.Hostname()); err == nil && !a.Streams.Private && guard.Safe("tcp4", netip.AddrPortFrom(at, 443).String(), nil) != nil {
		return invalid("sink.httpEndpoint", "is an address of a private network; the operator may allow those by streams.private")
	}
	if k.Secret != "" && signingKey(k.Secret) == nil {
		return invalid("sink.secret", "is no whsec_ with 24 to 64 bytes in base64")
	}
	return nil
}

// headerText reports whether a header may have this value: no controls.
func headerText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// signingKey is the key in a secret of Standard Webhooks, nil where it is none.
func signingKey(secret string) []byte {
	text, ok := strings.CutPrefix(secret, "whsec_")
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return nil
	}
	return key
}

func sign(key []byte, id string, now time.Time, body []byte) (string, error) {
	signer, err := webhooks.NewWebhookRaw(key)
	if err != nil {
		return "", err
	}
	return signer.Sign(id, now, body)
}

// guard refuses addresses of networks that are not the world's.
var guard = ssrf.New(ssrf.WithAnyPort())

// courier sends webhooks. The address is judged when it is dialled, so that no name can
// change its mind in between; nobody is led elsewhere by a redirect or a proxy.
func (a *API) courier() *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if !a.Streams.Private {
		dialer.Control = guard.Safe
	}
	return &http.Client{
		Timeout:       webhookTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, MaxIdleConns: 4, IdleConnTimeout: time.Minute},
	}
}

// send posts one batch. id is the same each time that the batch is sent.
func (k *sink) send(ctx context.Context, client *http.Client, id string, now time.Time, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, k.Endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", cmp.Or(k.ContentType, "application/json"))
	if k.Authorization != "" {
		r.Header.Set("Authorization", k.Authorization)
	}
	if key := signingKey(k.Secret); key != nil {
		signature, err := sign(key, id, now, body)
		if err != nil {
			return err
		}
		r.Header.Set(webhooks.HeaderWebhookID, id)
		r.Header.Set(webhooks.HeaderWebhookTimestamp, fmt.Sprint(now.Unix()))
		r.Header.Set(webhooks.HeaderWebhookSignature, signature)
	}
	answer, err := client.Do(r)
	if at, ok := errors.AsType[*url.Error](err); ok {
		return at.Err // the address may have a secret in it
	}
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection can be used again
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the answer was %d", answer.StatusCode)
	}
	return nil
}
