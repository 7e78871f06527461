package email

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"regexp"

	"github.com/wneessen/go-mail/smtp"

	"github.com/sallyport-id/sallyport/factors"
)

// ErrPermanent is in the chain of an error that another attempt with the same message
// and the same settings meets again: the server answered 5xx, or the message cannot be
// sent at all. Everything else may pass: 4xx, the network, and also a missing STARTTLS
// or a bad certificate, which somebody on the way can cause.
var ErrPermanent = errors.New("email: permanent failure")

var errNotSMTP = errors.New("the server's answer is not SMTP")

// A refusal is our own reason not to send a message.
type refusal string

func (r refusal) Error() string { return string(r) }
func (r refusal) Is(target error) bool {
	return target == ErrPermanent || target == factors.ErrUndeliverable
}

// A reply is a server's answer without its words.
type reply struct {
	code     int
	enhanced string // RFC 3463, with a space before it; or empty
}

var enhancedCode = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)

func newReply(e *textproto.Error) reply {
	r := reply{code: e.Code}
	if code := enhancedCode.FindString(e.Msg); code != "" {
		r.enhanced = " " + code
	}
	return r
}

func (r reply) Error() string { return fmt.Sprintf("the server answered %d%s", r.code, r.enhanced) }

func (r reply) Is(target error) bool {
	return (target == ErrPermanent || target == factors.ErrUndeliverable) && r.code/100 == 5
}

// failure names the stage and takes from err what a server wrote. Before the message
// was handed over, and where the server refused it, it is certainly not sent.
func failure(ctx context.Context, stage string, err error) error {
	err = cause(ctx, err)
	var refused reply
	if stage != stageData || errors.As(err, &refused) {
		err = unsent{err}
	}
	return fmt.Errorf("email: %s: %w", stage, err)
}

// unsent marks a failure after which another attempt sends nothing twice.
type unsent struct{ error }

func (u unsent) Unwrap() error        { return u.error }
func (u unsent) Is(target error) bool { return target == factors.ErrUnsent }

func cause(ctx context.Context, err error) error {
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		return newReply(answer)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	_, garbled := errors.AsType[textproto.ProtocolError](err)
	if garbled || errors.Is(err, smtp.ErrUnexpectedServerResponse) {
		return errNotSMTP
	}
	return err
}
