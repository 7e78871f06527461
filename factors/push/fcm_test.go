package push

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/standin"
)

func (v *vendors) toGoogle(t *testing.T, d *delivery) error {
	t.Helper()
	err := d.send(t.Context(), serviceGCM, android, aQuestion())
	secretive(t, err)
	return err
}

// https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
func TestGoogleErrors(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   error
	}{
		{400, "INVALID_ARGUMENT", factors.ErrUndeliverable},
		{401, "THIRD_PARTY_AUTH_ERROR", factors.ErrUndeliverable},
		{403, "SENDER_ID_MISMATCH", factors.ErrUndeliverable},
		{404, "UNREGISTERED", factors.ErrUndeliverable},
		{429, "QUOTA_EXCEEDED", factors.ErrUnsent},
		{500, "INTERNAL", factors.ErrUnsent},
		{503, "UNAVAILABLE", factors.ErrUnsent},
	} {
		v := openVendors(t)
		v.fcm.Faults.Always(standin.Fault{Status: c.status, Reason: c.code})
		if err := v.toGoogle(t, v.delivery(t)); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.code) {
			t.Errorf("%s: %v", c.code, err)
		}
	}
}

// What the stand-in finds by itself, as Google does.
func TestGoogleRefuses(t *testing.T) {
	other, _, err := standin.NewFCM("", "")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		word   string
		change func(*vendors)
	}{
		"no such phone":    {"UNREGISTERED", func(v *vendors) { v.fcm.Unregister(android) }},
		"another project":  {"NOT_FOUND", func(v *vendors) { v.fcm.Project = "another" }},
		"another key":      {"invalid_grant", func(v *vendors) { v.fcm.Key = other.Key }},
		"another account":  {"invalid_grant", func(v *vendors) { v.fcm.Account = "another" }},
		"another audience": {"invalid_grant", func(v *vendors) { v.fcm.TokenURI = "https://oauth2.googleapis.com/token" }},
	} {
		v := openVendors(t)
		c.change(v)
		if err := v.toGoogle(t, v.delivery(t)); !errors.Is(err, factors.ErrUndeliverable) || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%s: %v", name, err)
		}
		if len(v.taken()) != 0 {
			t.Errorf("%s: it came through", name)
		}
	}
}

// The access token is the same until it expires.
func TestGoogleToken(t *testing.T) {
	v := openVendors(t)
	d := v.delivery(t)
	for range 3 {
		if err := v.toGoogle(t, d); err != nil {
			t.Fatal(err)
		}
	}
	if n := v.grants.Load(); n != 1 {
		t.Errorf("%d access tokens for three notifications", n)
	}
	v.fcm.Revoke()
	if err := v.toGoogle(t, d); !errors.Is(err, factors.ErrUndeliverable) || !strings.Contains(err.Error(), "UNAUTHENTICATED") {
		t.Errorf("%v", err)
	}
}

// An access token that is about to expire is not used any more. The library counts one
// as expired ten seconds early, so that these are from the start, and Google still takes
// them.
func TestGoogleTokenRenewed(t *testing.T) {
	v := openVendors(t)
	v.fcm.Lifetime = 9 * time.Second
	d := v.delivery(t)
	for n := int32(1); n <= 3; n++ {
		if err := v.toGoogle(t, d); err != nil {
			t.Fatal(err)
		}
		if got := v.grants.Load(); got != n {
			t.Errorf("%d access tokens after %d notifications", got, n)
		}
	}
	v.fcm.Lifetime = 0
	for range 3 {
		if err := v.toGoogle(t, d); err != nil {
			t.Fatal(err)
		}
	}
	if n := v.grants.Load(); n != 4 {
		t.Errorf("%d access tokens, want one more that lasts", n)
	}
}

// Without an access token nothing was sent: there is another attempt, unless Google
// refuses the account.
func TestGoogleWithoutToken(t *testing.T) {
	for name, c := range map[string]struct {
		fault standin.Fault
		want  error
	}{
		"busy":      {standin.Fault{Status: 429, Reason: "rate_limit_exceeded"}, factors.ErrUnsent},
		"broken":    {standin.Fault{Status: 500, Reason: "internal_failure"}, factors.ErrUnsent},
		"refused":   {standin.Fault{Status: 401, Reason: "invalid_client"}, factors.ErrUndeliverable},
		"dropped":   {standin.Fault{Drop: true}, factors.ErrUnsent},
		"slow":      {standin.Fault{Wait: time.Minute}, factors.ErrUnsent},
		"elsewhere": {standin.Fault{Status: http.StatusTemporaryRedirect}, factors.ErrUnsent},
	} {
		t.Run(name, func(t *testing.T) {
			v := openVendors(t)
			v.fcm.TokenFaults.Always(c.fault)
			d := v.delivery(t)
			d.timeout = 300 * time.Millisecond
			d.senders[serviceGCM].(*fcm).http.Timeout = time.Second
			if err := v.toGoogle(t, d); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.fault.Reason) {
				t.Errorf("%v, want %v", err, c.want)
			}
			v.fcm.TokenFaults.None()
			// Those who come while the request hangs share its end; then there is another.
			err := v.toGoogle(t, d)
			for until := time.Now().Add(10 * time.Second); err != nil && time.Now().Before(until); {
				err = v.toGoogle(t, d)
			}
			if err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// Texts stay texts, all else becomes its JSON.
func TestForGoogle(t *testing.T) {
	n := aQuestion()
	n.Data = []byte(`{"a":"x\"y","b":true,"c":1.50,"d":{"e":[1,"f"]},"g":""}`)
	m, err := forGoogle("", n)
	want := map[string]string{"a": `x"y`, "b": "true", "c": "1.50", "d": `{"e":[1,"f"]}`, "g": ""}
	if err != nil || len(m.Data) != len(want) {
		t.Fatalf("%+v, %v", m, err)
	}
	for key, value := range want {
		if m.Data[key] != value {
			t.Errorf("%s is %q, want %q", key, m.Data[key], value)
		}
	}
}
