package push

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/standin"
)

func openAmazon(t *testing.T) *vendors {
	t.Helper()
	v := openVendors(t)
	v.config.Provider = providerSNS
	return v
}

func (v *vendors) toAmazon(t *testing.T) error {
	t.Helper()
	err := v.delivery(t).send(t.Context(), serviceAPNS, iPhone, aQuestion())
	secretive(t, err)
	return err
}

// Amazon's errors, where the endpoint is made and where the message is published. The
// first comes before the message, so that it is never in doubt.
func TestAmazonErrors(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   error
	}{
		{400, "EndpointDisabled", factors.ErrUndeliverable},
		{400, "PlatformApplicationDisabled", factors.ErrUndeliverable},
		{400, "InvalidParameter", factors.ErrUndeliverable},
		{403, "AuthorizationError", factors.ErrUndeliverable},
		{404, "NotFound", factors.ErrUndeliverable},
		{400, "Throttling", factors.ErrUnsent},
		{429, "Throttled", factors.ErrUnsent},
		{500, "InternalError", factors.ErrUnsent},
		{503, "ServiceUnavailable", factors.ErrUnsent},
	} {
		for request := int32(1); request <= 2; request++ {
			v := openAmazon(t)
			var n atomic.Int32
			v.sns.Faults.Set(func() *standin.Fault {
				if n.Add(1) != request {
					return nil
				}
				return &standin.Fault{Status: c.status, Reason: c.code}
			})
			if err := v.toAmazon(t); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.code) {
				t.Errorf("%s at request %d: %v", c.code, request, err)
			}
		}
	}
}

func TestAmazonWithoutEndpoint(t *testing.T) {
	for _, fault := range []standin.Fault{{Drop: true}, {Drop: true, After: true}, {Status: 302}} {
		v := openAmazon(t)
		v.sns.Faults.Always(fault)
		if err := v.toAmazon(t); !errors.Is(err, factors.ErrUnsent) || len(v.taken()) != 0 {
			t.Errorf("%+v: %v", fault, err)
		}
	}
}

// What the stand-in finds by itself, as Amazon does.
func TestAmazonRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		code   string
		change func(*vendors)
	}{
		"another user":   {"InvalidClientTokenId", func(v *vendors) { v.config.SNS.AccessKeyID = "AKIAANOTHER" }},
		"another secret": {"SignatureDoesNotMatch", func(v *vendors) { v.config.SNS.SecretAccessKey = "another" }},
		"another host":   {"SignatureDoesNotMatch", func(v *vendors) { v.seen = func(r *http.Request) { r.Host = "sns.us-east-1.amazonaws.com" } }},
		"no application": {"NotFound", func(v *vendors) { v.sns.Applications = nil }},
		"another token, put in on the way": {"SignatureDoesNotMatch", func(v *vendors) {
			v.seen = func(r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(bytes.Replace(b, []byte("Token=0"), []byte("Token=1"), 1)))
			}
		}},
	} {
		v := openAmazon(t)
		c.change(v)
		if err := v.toAmazon(t); !errors.Is(err, factors.ErrUndeliverable) || !strings.Contains(err.Error(), c.code) {
			t.Errorf("%s: %v", name, err)
		}
		if len(v.taken()) != 0 {
			t.Errorf("%s: it came through", name)
		}
	}
}

// The endpoint of a phone is found again, also where another system made it.
func TestAmazonEndpoints(t *testing.T) {
	v := openAmazon(t)
	for range 2 {
		if err := v.toAmazon(t); err != nil {
			t.Fatal(err)
		}
	}
	v.sns.Disable(iPhone)
	if err := v.toAmazon(t); !errors.Is(err, factors.ErrUndeliverable) || !strings.Contains(err.Error(), "EndpointDisabled") {
		t.Errorf("%v", err)
	}

	w := openAmazon(t)
	w.sns.Adopt(arnAPNS, iPhone, "auth0|123")
	if err := w.toAmazon(t); err != nil || len(w.taken()) != 1 || w.taken()[0].Token != iPhone {
		t.Errorf("%v, %+v", err, w.taken())
	}
}

func TestAmazonSandbox(t *testing.T) {
	v := openAmazon(t)
	v.config.SNS.APNSApplicationARN, v.config.SNS.GCMApplicationARN = arnTest, ""
	if err := v.toAmazon(t); err != nil || len(v.taken()) != 1 || v.taken()[0].Platform != "APNS_SANDBOX" || v.taken()[0].Category != category {
		t.Errorf("%v, %+v", err, v.taken())
	}
	if err := v.delivery(t).send(t.Context(), serviceGCM, android, aQuestion()); !errors.Is(err, factors.ErrUndeliverable) {
		t.Errorf("without an application for Android: %v", err)
	}
}
