package phone

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/twilio/twilio-go/client"
	api "github.com/twilio/twilio-go/rest/api/v2010"

	"github.com/sallyport-id/sallyport/factors"
)

// twilio sends over Twilio's Programmable Messaging and Voice.
type twilio struct {
	config Twilio
	http   *http.Client
}

func (f *Factor) twilio() (sender, error) {
	t := f.config.Twilio
	var faults []error
	for key, value := range map[string]string{"account_sid": t.AccountSID, "auth_token": t.AuthToken} {
		switch {
		case value == "":
			faults = append(faults, fmt.Errorf("twilio.%s: is not set", key))
		case strings.ContainsFunc(value, func(c rune) bool { return c > 'z' || !unicode.IsLetter(c) && !unicode.IsDigit(c) }):
			faults = append(faults, fmt.Errorf("twilio.%s: has other characters than letters and digits; copy it again", key))
		}
	}
	switch {
	case t.From == "" && t.MessagingServiceSID == "":
		faults = append(faults, errors.New("twilio.from: is not set; give a number of the account, or a messaging_service_sid"))
	case t.From != "" && t.MessagingServiceSID != "":
		faults = append(faults, errors.New("twilio.from: stands beside messaging_service_sid; leave one of them out"))
	case t.From == "" && f.channel == Call:
		faults = append(faults, errors.New("twilio.from: is not set, and a messaging service does not call"))
	}
	hc := *f.http
	if t.BaseURL != "" {
		u, err := address("twilio.base_url", t.BaseURL)
		faults = append(faults, err)
		hc.Transport = elsewhere{u}
	}
	return &twilio{t, &hc}, errors.Join(faults...)
}

// elsewhere sends requests to another host than the one that Twilio's client fixes.
type elsewhere struct{ to *url.URL }

// RoundTrip implements http.RoundTripper.
func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	if e.to == nil {
		return nil, errors.New("no address")
	}
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-Host", r.URL.Host)
	r.URL.Scheme, r.URL.Host, r.Host = e.to.Scheme, e.to.Host, ""
	return http.DefaultTransport.RoundTrip(r)
}

func (t *twilio) send(ctx context.Context, channel Channel, m factors.Message, text string) error {
	// Its client takes no context: the bound is the time-out of http.
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", factors.ErrUnsent, err)
	}
	c := &client.Client{Credentials: client.NewCredentials(t.config.AccountSID, t.config.AuthToken), HTTPClient: t.http}
	c.SetAccountSid(t.config.AccountSID)
	service := api.NewApiServiceWithClient(c)
	var err error
	if channel == Call {
		p := &api.CreateCallParams{}
		p.SetTo(m.To)
		p.SetFrom(t.config.From)
		p.SetTwiml(spoken(text, m.Locale))
		_, err = service.CreateCall(p)
	} else {
		p := &api.CreateMessageParams{}
		p.SetTo(m.To)
		p.SetBody(text)
		if t.config.MessagingServiceSID != "" {
			p.SetMessagingServiceSid(t.config.MessagingServiceSID)
		} else {
			p.SetFrom(t.config.From)
		}
		_, err = service.CreateMessage(p)
	}
	return ofTwilio(err)
}

// undeliverable are Twilio's codes for numbers that no attempt will reach.
var undeliverable = map[int]bool{
	21211: true, 21214: true, 21217: true, 21219: true, 21265: true, 21408: true, 21601: true, 21610: true, 21612: true, 21614: true,
}

// ofTwilio says what an error means for another attempt. An answer with an error says
// that Twilio has not taken the message; no answer says nothing, unless there was no
// connection either.
func ofTwilio(err error) error {
	var refused *client.TwilioRestError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused) && undeliverable[refused.Code]:
		return fmt.Errorf("%w: twilio: error %d", factors.ErrUndeliverable, refused.Code)
	case errors.As(err, &refused):
		return fmt.Errorf("%w: twilio: status %d, error %d", factors.ErrUnsent, refused.Status, refused.Code)
	case unconnected(err):
		return fmt.Errorf("%w: twilio: %w", factors.ErrUnsent, err)
	}
	return fmt.Errorf("twilio: %w", err)
}

// unconnected reports whether err came before anything was sent.
func unconnected(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns)
}

// spoken is TwiML that reads text twice. https://www.twilio.com/docs/voice/twiml/say
func spoken(text, locale string) string {
	languages := map[string]string{"de": "de-DE", "es": "es-ES", "en": "en-US"}
	var b strings.Builder
	b.WriteString("<Response>")
	for i := range 2 {
		if i > 0 {
			b.WriteString(`<Pause length="1"/>`)
		}
		for j, part := range strings.Split(text, pause) {
			if j > 0 {
				b.WriteString(`<Pause length="1"/>`)
			}
			b.WriteString(`<Say language="` + inLanguage(languages, locale) + `">`)
			_ = xml.EscapeText(&b, []byte(strings.TrimSpace(part))) // a Builder does not fail
			b.WriteString("</Say>")
		}
	}
	b.WriteString("</Response>")
	return b.String()
}
