package push

import (
	"crypto/subtle"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/sallyport-id/sallyport/factors"
)

const (
	leeway        = 30 * time.Second // between the clocks of phones and ours
	answerLife    = 2 * time.Minute  // the protocol's is 30 seconds
	statementLife = 2 * time.Hour
	maxJWT        = 8 << 10
)

// Names of the fields of an answer.
const (
	fieldResponse = "challenge_response" // the signed answer
	fieldAudience = "audience"           // where it arrived; several are separated by spaces
)

// want is what a signed statement has to say.
type want struct {
	issuer, subject string
	audiences       []string
	life            time.Duration // at most
	now             time.Time
}

// said are the claims beside the registered ones.
type said struct {
	Method   string `json:"auth0_guardian_method"`
	Accepted *bool  `json:"auth0_guardian_accepted"`
	Reason   string `json:"auth0_guardian_reason"`
	Number   string `json:"number"` // ours: what the person typed
}

// read checks a statement against the device's key and w (RFC 7519 §4.1). The clocks of
// phones may be a little off, their times may have fractions.
func (d device) read(text string, w want) (said, error) {
	var s said
	if len(text) > maxJWT {
		return s, wrong("it is too long")
	}
	token, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(d.Key.Algorithm)})
	if err != nil {
		return s, wrong("it is no JWT signed by " + d.Key.Algorithm)
	}
	var c jwt.Claims
	if err := token.Claims(d.Key.Key, &c, &s); err != nil {
		return s, wrong("the signature is not the device's")
	}
	switch {
	case c.Issuer == "" || subtle.ConstantTimeCompare([]byte(c.Issuer), []byte(w.issuer)) != 1:
		return s, wrong("iss is another device")
	case c.Subject == "" || subtle.ConstantTimeCompare([]byte(c.Subject), []byte(w.subject)) != 1:
		return s, wrong("sub is another question")
	case !slices.ContainsFunc(w.audiences, c.Audience.Contains):
		return s, wrong("aud is another site")
	case c.Expiry == nil || c.IssuedAt == nil:
		return s, wrong("it has no exp or no iat")
	case !w.now.Before(c.Expiry.Time().Add(leeway)):
		return s, wrong("it has expired")
	case c.IssuedAt.Time().After(w.now.Add(leeway)), c.NotBefore != nil && c.NotBefore.Time().After(w.now.Add(leeway)):
		return s, wrong("it is from the future")
	case c.Expiry.Time().Sub(c.IssuedAt.Time()) > w.life:
		return s, wrong("it lives too long")
	}
	return s, nil
}

func wrong(why string) error { return fmt.Errorf("push: %w: %s", factors.ErrWrong, why) }

// Receive implements factors.Receiver. answer["challenge_response"] is a JWT that the
// device signed, answer["audience"] where it may have been meant for.
func (f *Factor) Receive(s factors.Subject, a *factors.Authenticator, c *factors.Challenge, answer factors.Answer) (factors.Verdict, error) {
	switch {
	case a == nil || c == nil || a.Factor != factors.Push || c.Factor != factors.Push || c.AuthenticatorID != a.ID || !a.Usable():
		return "", factors.ErrWrong
	case !s.Now.Before(c.ExpiresAt):
		return "", factors.ErrExpired
	case len(c.State) == 0:
		return "", factors.ErrSpent
	}
	k, err := kept(c)
	if err != nil {
		return "", err
	}
	if k.Question == nil {
		return "", factors.ErrWrong
	}
	if k.Verdict != "" {
		return "", factors.ErrSpent
	}
	d, err := deviceOf(a)
	if err != nil {
		return "", err
	}
	says, err := d.read(answer[fieldResponse], want{
		issuer: d.Identifier, subject: k.Question.Challenge, audiences: strings.Fields(answer[fieldAudience]), life: answerLife, now: s.Now,
	})
	if err != nil {
		return "", err
	}
	if says.Method != "push" || says.Accepted == nil {
		return "", wrong("it says neither yes nor no")
	}
	k.Verdict = k.verdict(says)
	return k.Verdict, k.in(c)
}

// reports are the reasons by which apps say that it was somebody else.
var reports = []string{"hack", "fraud", "not_me"}

func (k asked) verdict(s said) factors.Verdict {
	switch {
	case !*s.Accepted && slices.Contains(reports, s.Reason):
		return factors.Reported
	case !*s.Accepted:
		return factors.Denied
	case k.Question.Number && subtle.ConstantTimeCompare([]byte(s.Number), []byte(k.Number)) != 1:
		return factors.Mismatched
	}
	return factors.Approved
}
