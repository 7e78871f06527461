package phone

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
)

// A Channel is how a number is reached.
type Channel string

// The channels.
const (
	Text Channel = "text"
	Call Channel = "call"
)

func (c Channel) factor() string {
	if c == Call {
		return factors.Voice
	}
	return factors.SMS
}

func (c Channel) other() Channel {
	if c == Call {
		return Text
	}
	return Call
}

// A Factor sends codes over one channel. It implements factors.Factor but for Info.
type Factor struct {
	config  *Config
	channel Channel
	code    factors.SentCode
	senders []sender // in the order in which they are tried
	texts   texts
	http    *http.Client
}

// A sender is a vendor.
type sender interface {
	send(ctx context.Context, channel Channel, m factors.Message, text string) error
}

// Missing is the setting that the factor lacks, "" for none.
func (f *Factor) Missing() string {
	if len(f.senders) == 0 {
		return "factors." + f.code.Factor + ".sender"
	}
	return ""
}

// Rate is how many messages one person gets.
func (f *Factor) Rate() factors.Rate { return f.config.Rate }

// Enroll makes a pending authenticator of answer["phone_number"] and sends a code
// there.
//
// Errors: *factors.Rejection.
func (f *Factor) Enroll(ctx context.Context, s factors.Subject, answer factors.Answer) (*factors.Authenticator, *factors.Challenge, error) {
	n, err := f.read(answer["phone_number"])
	if err != nil {
		return nil, nil, err
	}
	a := &factors.Authenticator{Factor: f.code.Factor, Label: masked(n.e164), Secret: []byte(n.e164), CreatedAt: s.Now}
	c, err := f.Challenge(ctx, s, a)
	return a, c, err
}

// Import implements factors.Importer over answer["phone_number"].
//
// Errors: *factors.Rejection.
func (f *Factor) Import(answer factors.Answer, now time.Time) (*factors.Authenticator, error) {
	n, err := f.read(answer["phone_number"])
	if err != nil {
		return nil, err
	}
	return &factors.Authenticator{
		Factor: f.code.Factor, Label: masked(n.e164), Secret: []byte(n.e164), CreatedAt: now, ConfirmedAt: now,
	}, nil
}

// Challenge sends a new code to the number of a, which has to be named.
func (f *Factor) Challenge(_ context.Context, s factors.Subject, a *factors.Authenticator) (*factors.Challenge, error) {
	if a == nil {
		return nil, factors.ErrUnsupported
	}
	n, err := f.read(string(a.Secret))
	if err != nil { // the settings have changed since
		return nil, fmt.Errorf("%s: %w: the number is no longer one that messages go to", f.code.Factor, factors.ErrUnsupported)
	}
	c := f.code.Ask(s, a, n.e164, masked(n.e164))
	c.Message.Groups = n.groups()
	return c, nil
}

// Verify checks answer["code"].
//
// Errors: factors.ErrWrong, factors.ErrSpent, factors.ErrExpired.
func (f *Factor) Verify(_ context.Context, s factors.Subject, a *factors.Authenticator, c *factors.Challenge, answer factors.Answer) (*factors.Proof, error) {
	if err := f.code.Verify(s, a, c, answer); err != nil {
		return nil, err
	}
	amr := map[Channel]string{Text: "sms", Call: "tel"}[f.channel] // RFC 8176 §2
	return &factors.Proof{Factor: f.code.Factor, AuthenticatorID: a.ID, AMR: []string{amr}, Kinds: factors.Has, At: s.Now}, nil
}

// Address implements factors.Addressed.
func (f *Factor) Address(_ factors.Subject, a *factors.Authenticator) string { return string(a.Secret) }

// Link is the same number over the other channel.
func (f *Factor) Link(a *factors.Authenticator) ([]*factors.Authenticator, error) {
	other := *a
	other.ID, other.Factor, other.Version, other.Failures = "", f.channel.other().factor(), 0, 0
	return []*factors.Authenticator{&other}, nil
}

// Send gives m to the first vendor that takes it. Another one is asked only where the
// one before certainly did not take it.
func (f *Factor) Send(ctx context.Context, m factors.Message) error {
	text, err := f.texts.render(f.channel, m)
	if err != nil {
		return fmt.Errorf("%w: %w", factors.ErrUndeliverable, err)
	}
	err = fmt.Errorf("%w: no sender", factors.ErrUnsent)
	for _, s := range f.senders {
		err = s.send(ctx, f.channel, m, text)
		if err == nil || !errors.Is(err, factors.ErrUnsent) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.channel, mask(err, m))
	}
	return nil
}

// masked errors say nothing of what was sent, nor to whom.
type maskedError struct {
	error
	text string
}

func (e maskedError) Error() string { return e.text }
func (e maskedError) Unwrap() error { return e.error }

func mask(err error, m factors.Message) error {
	text := strings.NewReplacer(m.To, masked(m.To), m.Code, "…").Replace(err.Error())
	return maskedError{err, text}
}
