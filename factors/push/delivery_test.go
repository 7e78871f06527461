package push

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/standin"
)

// What iPhones and Android phones are sent, whoever passes it on.
func TestNotifications(t *testing.T) {
	each(t, func(t *testing.T, v *vendors, r route) {
		n := aQuestion()
		if err := v.delivery(t).send(t.Context(), r.service, r.token, n); err != nil {
			t.Fatal(err)
		}
		if len(v.taken()) != 1 || v.taken()[0].Token != r.token {
			t.Fatalf("%+v", v.taken())
		}
		got := v.taken()[0]
		if early := n.Expires.Sub(got.Expires); early < -2*time.Second || early > 2*time.Second {
			t.Errorf("it expires %s early", early)
		}
		if r.service == serviceGCM {
			ttl := "120s"
			want := `"data":` + askedAndroid + `,"android":{"priority":"HIGH","ttl":"` + ttl + `"}}`
			if r.provider == providerDirect {
				want = `"token":"` + android + `",` + want
			}
			sameJSON(t, got.Payload, "{"+want)
			return
		}
		sameJSON(t, got.Payload, `{"aps":{"alert":{"title":"Is that you?","body":"Someone signs in to Notes."},`+
			`"category":"com.auth0.notification.authentication","sound":"default","mutable-content":1},"mfa":`+asked1+`}`)
		if got.Collapse == "" || r.provider == providerDirect && got.ID != got.Collapse {
			t.Errorf("%+v", got)
		}
	})
}

// A second attempt takes the place of the first; another message does not.
func TestAttemptsCollapse(t *testing.T) {
	for _, name := range []string{"apns", "sns to ios"} {
		t.Run(name, func(t *testing.T) {
			v, r := openVendors(t), routes[name]
			v.config.Provider = r.provider
			d, other := v.delivery(t), aQuestion()
			other.ID = "msg_2"
			for _, n := range []note{aQuestion(), aQuestion(), other} {
				if err := d.send(t.Context(), r.service, r.token, n); err != nil {
					t.Fatal(err)
				}
			}
			if v.taken()[0].Collapse != v.taken()[1].Collapse || v.taken()[0].Collapse == v.taken()[2].Collapse {
				t.Errorf("%q %q %q", v.taken()[0].Collapse, v.taken()[1].Collapse, v.taken()[2].Collapse)
			}
		})
	}
}

// What each failure means for another attempt, by every way.
func TestDeliveryFailures(t *testing.T) {
	each(t, func(t *testing.T, v *vendors, r route) {
		d := v.delivery(t)
		if err := d.send(t.Context(), r.service, r.token, aQuestion()); err != nil {
			t.Fatal(err)
		}
		d.timeout = 300 * time.Millisecond
		for name, c := range map[string]struct {
			fault standin.Fault
			want  error // nil: nobody knows
			taken int
		}{
			"busy":                     {standin.Fault{Status: 429, Reason: "Busy"}, factors.ErrUnsent, 0},
			"broken":                   {standin.Fault{Status: 500, Reason: "Broken"}, factors.ErrUnsent, 0},
			"away":                     {standin.Fault{Status: 503, Reason: "Away"}, factors.ErrUnsent, 0},
			"refused":                  {standin.Fault{Status: 400, Reason: "Refused"}, factors.ErrUndeliverable, 0},
			"redirected":               {standin.Fault{Status: 302, Reason: "Elsewhere"}, nil, 0},
			"slow":                     {standin.Fault{Wait: time.Minute, Drop: true}, nil, 0},
			"dropped before it is had": {standin.Fault{Drop: true}, nil, 0},
			"dropped once it is had":   {standin.Fault{Drop: true, After: true}, nil, 1},
		} {
			t.Run(name, func(t *testing.T) {
				before := len(v.taken())
				// Amazon is asked for the endpoint first, which goes well.
				var requests atomic.Int32
				r.faults(v).Set(func() *standin.Fault {
					if r.provider == providerSNS && requests.Add(1) == 1 {
						return nil
					}
					return &c.fault
				})
				err := d.send(t.Context(), r.service, r.token, aQuestion())
				secretive(t, err)
				known := errors.Is(err, factors.ErrUnsent) || errors.Is(err, factors.ErrUndeliverable)
				switch {
				case c.want != nil && (!errors.Is(err, c.want) || !strings.Contains(err.Error(), c.fault.Reason)):
					t.Errorf("%v, want %v and the vendor's word", err, c.want)
				case c.want == nil && (err == nil || known):
					t.Errorf("%v, want an error that says nothing about another attempt", err)
				case len(v.taken())-before != c.taken:
					t.Errorf("the vendor took %d, want %d", len(v.taken())-before, c.taken)
				}
			})
		}
		r.faults(v).None()
		d.timeout = pushTimeout
		if err := d.send(t.Context(), r.service, r.token, aQuestion()); err != nil {
			t.Errorf("after all that: %v", err)
		}
	})
}

// deaf is an address where connections end in nothing: they are accepted, and no TLS
// comes back.
func deaf(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return "https://" + l.Addr().String()
}

// Without a connection nothing was sent, however it ends.
func TestNoConnection(t *testing.T) {
	each(t, func(t *testing.T, v *vendors, r route) {
		closed := httptest.NewServer(v)
		closed.Close()
		for name, address := range map[string]string{"nobody there": closed.URL, "nobody answers": deaf(t)} {
			t.Run(name, func(t *testing.T) {
				c := v.config
				c.APNS.BaseURL, c.FCM.BaseURL, c.SNS.BaseURL = address, address, address
				d, err := c.open()
				if err != nil {
					t.Fatal(err)
				}
				d.timeout = 300 * time.Millisecond
				err = d.send(t.Context(), r.service, r.token, aQuestion())
				secretive(t, err)
				if !errors.Is(err, factors.ErrUnsent) {
					t.Errorf("%v, want %v", err, factors.ErrUnsent)
				}
			})
		}
	})
}

// plain serves both HTTP/1.1 and HTTP/2 without TLS.
func plain(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = &http.Protocols{}
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// What is for a vendor goes nowhere else, whoever says so.
func TestNoRedirect(t *testing.T) {
	each(t, func(t *testing.T, v *vendors, r route) {
		var visits, asked atomic.Int32
		elsewhere := plain(t, func(http.ResponseWriter, *http.Request) { visits.Add(1) })
		v.config.APNS.BaseURL = plain(t, func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
		})
		v.config.FCM.BaseURL, v.config.SNS.BaseURL = v.config.APNS.BaseURL, v.config.APNS.BaseURL
		if err := v.delivery(t).send(t.Context(), r.service, r.token, aQuestion()); err == nil || errors.Is(err, factors.ErrUndeliverable) {
			t.Errorf("%v", err)
		}
		if visits.Load() != 0 || asked.Load() != 1 {
			t.Errorf("%d requests to the vendor, %d elsewhere", asked.Load(), visits.Load())
		}
	})
}

func TestDeliveryContext(t *testing.T) {
	each(t, func(t *testing.T, v *vendors, r route) {
		d := v.delivery(t)
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if err := d.send(over, r.service, r.token, aQuestion()); !errors.Is(err, factors.ErrUnsent) {
			t.Errorf("%v, want %v", err, factors.ErrUnsent)
		}
		r.faults(v).Always(standin.Fault{Wait: time.Minute, Drop: true})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		at := time.Now()
		if err := d.send(ctx, r.service, r.token, aQuestion()); err == nil || time.Since(at) > 3*time.Second {
			t.Errorf("%v after %s", err, time.Since(at))
		}
	})
}

// What no vendor is bothered with.
func TestUndeliverable(t *testing.T) {
	each(t, func(t *testing.T, v *vendors, r route) {
		d, late, odd := v.delivery(t), aQuestion(), aQuestion()
		late.Expires, odd.Data = time.Now().Add(-time.Second), []byte(`{`)
		asked := false
		v.seen = func(*http.Request) { asked = true }
		for name, c := range map[string]struct {
			service, token string
			n              note
		}{
			"an unknown service":      {"PIGEON", r.token, aQuestion()},
			"an empty address":        {r.service, "", aQuestion()},
			"an endless address":      {r.service, strings.Repeat("a", longestToken+1), aQuestion()},
			"too late":                {r.service, r.token, late},
			"a question that is none": {r.service, r.token, odd},
			"another path":            {serviceAPNS, "../../v1/" + iPhone, aQuestion()},
			"a query":                 {serviceAPNS, iPhone + "?a", aQuestion()},
		} {
			if err := d.send(t.Context(), c.service, c.token, c.n); !errors.Is(err, factors.ErrUndeliverable) {
				t.Errorf("%s: %v, want %v", name, err, factors.ErrUndeliverable)
			}
		}
		if asked {
			t.Error("the vendor was asked")
		}
	})
}

// A phone takes 4096 bytes: what fits goes, what does not never does.
func TestSizes(t *testing.T) {
	each(t, func(t *testing.T, v *vendors, r route) {
		d := v.delivery(t)
		grown := func(by int) note {
			n := aQuestion()
			n.Data = []byte(`{"txtkn":"` + strings.Repeat("x", by) + `"}`)
			return n
		}
		size := func(n note) int {
			if r.service == serviceAPNS {
				return len(must(forApple(n)))
			}
			return len("txtkn") + len(n.Data) - len(`{"txtkn":""}`)
		}
		fits := largestNotification - size(grown(0))
		if err := d.send(t.Context(), r.service, r.token, grown(fits)); err != nil {
			t.Errorf("%d bytes: %v", size(grown(fits)), err)
		}
		if err := d.send(t.Context(), r.service, r.token, grown(fits+1)); !errors.Is(err, factors.ErrUndeliverable) {
			t.Errorf("%d bytes: %v", largestNotification+1, err)
		}
		if len(v.taken()) != 1 {
			t.Errorf("%d came through", len(v.taken()))
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, v *vendors, r route) {
		d := v.delivery(t)
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				if err := d.send(t.Context(), r.service, r.token, aQuestion()); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if len(v.taken()) != 8 || v.grants.Load() > 1 {
			t.Errorf("%d notifications, %d access tokens", len(v.taken()), v.grants.Load())
		}
	})
}
