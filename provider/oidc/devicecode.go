package oidc

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// The device authorization grant (RFC 8628): a device without a browser shows a code, a
// person types it at /activate (activate.go), and the device asks until that is done.

const (
	devicePrefix   = "dc_"
	hashUserCode   = "user_code"
	deviceLife     = 15 * time.Minute
	deviceInterval = 5 * time.Second
	// pollSlack is what the network may take of an interval.
	pollSlack = time.Second
)

// userAlphabet has no vowels, so that no code is a word, and nothing that is read for
// something else (RFC 8628 §6.1). Eight of them are 34 bits.
const userAlphabet = "BCDFGHJKLMNPQRSTVWXZ"

// newDevices bounds device codes that are asked for from one network.
var newDevices = storage.Limit{Burst: 60, Period: time.Second}

// A deviceState is what a device's request is beside its session: pending, until Grant.Uses
// says that it was answered.
type deviceState struct {
	Code   string `json:"c"` // what the person types
	Denied bool   `json:"no,omitempty"`
}

// deviceCode is POST /oauth/device/code (RFC 8628 §3.1).
func (p *Provider) deviceCode(w http.ResponseWriter, r *http.Request) {
	body, err := p.beginDevice(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, body)
}

func (p *Provider) beginDevice(r *http.Request) (map[string]any, error) {
	form, err := postForm(r)
	if err != nil {
		return nil, err
	}
	c, err := p.authenticate(r, form)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(c.Metadata.GrantTypes, grantDevice) {
		return nil, fault("unauthorized_client", "This client is not registered for this grant_type.")
	}
	limit := newDevices
	limit.Key = "device:" + flows.Network(p.address(r))
	wait, err := p.db.TakeAll(r.Context(), p.now(), limit)
	if err != nil {
		return nil, err
	}
	if wait > 0 {
		return nil, &oauthError{Code: "slow_down", Description: "Too many device codes were asked for from this address.", status: http.StatusTooManyRequests, wait: wait}
	}
	audience, err := audienceOf(form.Get)
	if err != nil {
		return nil, err
	}
	if err := p.aim(r.Context(), c, audience); err != nil {
		return nil, err
	}
	if !printable(form.Get("scope")) {
		return nil, fault("invalid_scope", "scope has characters that no scope has.")
	}
	code, shown, err := p.mintDevice(r.Context(), &session{ClientID: c.ID, Audience: audience, Scopes: c.allowed(form.Get("scope")), RequestedAt: p.now().Unix()})
	if err != nil {
		return nil, err
	}
	at := p.at("/activate")
	return map[string]any{
		"device_code": code, "user_code": shown, "verification_uri": at, "verification_uri_complete": at + "?" + url.Values{"user_code": {shown}}.Encode(),
		"expires_in": int64(deviceLife / time.Second), "interval": int64(deviceInterval / time.Second),
	}, nil
}

// mintDevice stores a request under both of its codes. A code for people that is in use is
// drawn again.
func (p *Provider) mintDevice(ctx context.Context, s *session) (code, shown string, err error) {
	now, family := p.now(), storage.NewID("req")
	for range 4 {
		code, shown = mint(p.db, devicePrefix), drawUserCode()
		base := storage.Grant{RequestID: family, ClientID: s.ClientID, Active: true, CreatedAt: now, ExpiresAt: now.Add(deviceLife)}
		device, typed := base, base
		device.Kind, device.Key = storage.GrantDevice, keyOf(p.db, code)
		device.Data = (&record{Session: s, Device: &deviceState{Code: shown}}).encode()
		typed.Kind, typed.Key, typed.Data = storage.GrantUserCode, p.userCodeKey(shown), device.Key
		if err = p.db.PutGrants(ctx, &device, &typed); !isConflict(err) {
			return code, shown, err
		}
	}
	return "", "", err
}

// drawUserCode is a code as people read it: QTZL-MCBW.
func drawUserCode() string {
	code := make([]byte, 0, 9)
	for len(code) < 9 {
		if len(code) == 4 {
			code = append(code, '-')
			continue
		}
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(userAlphabet))))
		if err != nil {
			panic(err) // never fails (crypto/rand)
		}
		code = append(code, userAlphabet[n.Int64()])
	}
	return string(code)
}

// plainCode is a user code as it was typed without what does not count: case, dashes and
// spaces. It is empty for what cannot be one.
func plainCode(typed string) string {
	code := strings.Map(func(c rune) rune {
		if strings.ContainsRune(userAlphabet, c) {
			return c
		}
		return -1
	}, strings.ToUpper(clip(typed, 64)))
	if len(code) != 8 {
		return ""
	}
	return code
}

// userCodeKey is how the table knows a code that people type.
func (p *Provider) userCodeKey(code string) []byte { return p.db.Hash(hashUserCode, plainCode(code)) }

// exchangeDevice answers a device that asks whether it is allowed yet (RFC 8628 §3.4).
func (p *Provider) exchangeDevice(ctx context.Context, c *client, form url.Values) (map[string]any, error) {
	code := form.Get("device_code")
	switch {
	case !slices.Contains(c.Metadata.GrantTypes, grantDevice):
		return nil, fault("unauthorized_client", "This client is not registered for this grant_type.")
	case code == "":
		return nil, invalidRequest("device_code is missing.")
	case !genuine(p.db, devicePrefix, code):
		return nil, fault("invalid_grant", ours["invalid_grant"])
	}
	job := &work{now: p.now(), client: c}
	if err := p.readDevice(ctx, job, keyOf(p.db, code)); err != nil {
		return nil, err
	}
	if err := p.aim(ctx, c, job.record.Session.Audience); err != nil {
		return nil, err
	}
	job.spend = true
	s := job.record.Session
	return p.hand(ctx, job, job.grant.RequestID, s, s.Scopes)
}

// readDevice finds a request that a person has allowed. The device hears once that it took
// too long; later its code is none.
func (p *Provider) readDevice(ctx context.Context, job *work, key []byte) error {
	invalid := fault("invalid_grant", ours["invalid_grant"])
	g, user, err := p.db.GrantWithUser(ctx, []string{storage.GrantDevice}, key)
	switch {
	case errors.Is(err, storage.ErrNotFound), err == nil && (g.ClientID != job.client.ID || !g.Active || !g.UsedAt.IsZero()):
		return invalid
	case err != nil:
		return err
	case !job.now.Before(g.ExpiresAt):
		if err := p.db.ExpireDevice(ctx, key); errors.Is(err, storage.ErrSpent) {
			return invalid
		} else if err != nil {
			return err
		}
		return fault("expired_token", "The device_code has expired: ask for a new one.")
	}
	wait, err := p.db.TakeAll(ctx, job.now, storage.Limit{Key: "poll:" + b64.EncodeToString(key), Burst: 1, Period: deviceInterval - pollSlack})
	if err != nil {
		return err
	}
	if wait > 0 {
		return &oauthError{Code: "slow_down", Description: "Wait 5 seconds between two requests.", status: http.StatusBadRequest, wait: wait}
	}
	if job.record, err = decodeRecord(g.Data); err != nil {
		return err
	}
	switch {
	case job.record.Device == nil:
		return invalid
	case job.record.Device.Denied:
		return fault("access_denied", "The person did not allow the device.")
	case g.Uses == 0:
		return fault("authorization_pending", "The person has not allowed the device yet: ask again in a few seconds.")
	case user == nil:
		return invalid
	case user.Blocked:
		invalid.cause = errBlocked
		return invalid
	}
	job.grant, job.user = g, user
	return nil
}
