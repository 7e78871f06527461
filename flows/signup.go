package flows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// The outcomes of SignUp and MailReset that a caller branches on, beside *Limited and
// *factors.Rejection.
var (
	ErrNoSignUp = errors.New("flows: strangers cannot make an account here")
	// ErrNotTaken says no more than that there is no new account. Whoever sends a form that
	// is well made can tell from it that somebody has the address, as at Auth0: that is why
	// sign-up is off by default, and limited.
	ErrNotTaken = errors.New("flows: the account cannot be made")
	ErrNoMail   = errors.New("flows: this provider sends no mail")
)

const (
	ticketVerify   = "verify"
	verifyLifetime = 5 * 24 * time.Hour
	maxProfile     = 300     // bytes of a name
	maxMetadata    = 4 << 10 // bytes
)

// A Newcomer is who makes an account of their own.
type Newcomer struct {
	ClientID, Email, Username, Password            string
	Name, GivenName, FamilyName, Nickname, Picture string
	Metadata                                       json.RawMessage // theirs, an object
}

// SignUp makes an account for a stranger, with a password, and mails a link by which they
// show that the address is theirs. Everybody's password is checked and hashed, whether the
// address is taken or not.
//
// Errors: ErrNoSignUp, ErrNotTaken, *Limited, *factors.Rejection of the password.
func (e *Engine) SignUp(r *http.Request, n Newcomer) (*storage.User, error) {
	ctx := r.Context()
	settings, err := e.db.CachedSettings(ctx)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	if !settings.SignUp {
		return nil, ErrNoSignUp
	}
	wait, err := e.db.TakeAll(ctx, e.now(), on(e.config.Limits.SignUpAddress, "signup:"+e.network(r)))
	if err != nil {
		return nil, fmt.Errorf("limits: %w", err)
	}
	if wait > 0 {
		return nil, &Limited{Wait: wait}
	}
	if !n.fits() {
		return nil, ErrNotTaken
	}
	u := n.user()
	s := e.subjectOf(u, nil)
	s.SecondFactor = settings.Policy == policy.Always
	a, _, err := e.factors.Get(factors.Password).Enroll(ctx, s, factors.Answer{"password": n.Password})
	if err != nil {
		return nil, fmt.Errorf("password: %w", err)
	}
	a.ID, a.UserID = storage.NewID("aut"), u.ID
	err = e.welcome(r, n.ClientID, u, a)
	if errors.Is(err, storage.ErrConflict) || errors.Is(err, storage.ErrInvalid) {
		return nil, ErrNotTaken
	}
	if err != nil {
		return nil, fmt.Errorf("sign-up: %w", err)
	}
	return u, nil
}

// fits reports whether an account can be made of what the newcomer says. A user name that
// looks like an address could be somebody's who comes later.
func (n Newcomer) fits() bool {
	for _, text := range []string{n.Name, n.GivenName, n.FamilyName, n.Nickname} {
		if len(text) > maxProfile || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' }) {
			return false
		}
	}
	var object map[string]any
	return mailAddress(n.Email) && len(n.Email) <= maxName && len(n.Username) <= 128 && !strings.Contains(n.Username, "@") && len(n.Picture) <= 2048 &&
		len(n.Metadata) <= maxMetadata && (len(n.Metadata) == 0 || json.Unmarshal(n.Metadata, &object) == nil)
}

func (n Newcomer) user() *storage.User {
	u := &storage.User{
		ID: storage.NewID("usr"), Username: n.Username, Email: n.Email, Name: n.Name, GivenName: n.GivenName, FamilyName: n.FamilyName,
		Nickname: n.Nickname, UserMetadata: n.Metadata,
	}
	if strings.HasPrefix(n.Picture, "https://") {
		u.Picture = n.Picture
	}
	if u.Username == "" {
		u.Username = n.Email
	}
	return u
}

// welcome stores a new person with their password and mails the link.
func (e *Engine) welcome(r *http.Request, clientID string, u *storage.User, a *factors.Authenticator) error {
	v := &visit{r: r, login: &login{row: &storage.Login{}, user: u}}
	value, lang := token(), e.language(r, nil, nil)
	e.post(v.login, lang, u.Email, themes.VerifyMail{
		Frame: themes.Frame{Lang: lang}, Name: u.Name, To: addressee(u),
		Link: e.absolute(e.path("/verify/" + value)), ExpiresIn: verifyLifetime,
	})
	data, err := json.Marshal(u.Email)
	if err != nil {
		return err
	}
	return e.dispatch(v.ctx(), v.login, func(ctx context.Context) error {
		if err := e.db.CreateUser(ctx, u); err != nil {
			return err
		}
		if err := e.db.CreateAuthenticator(ctx, a); err != nil {
			return err
		}
		t := &storage.Ticket{Key: e.db.Hash(hashTicket, value), Kind: ticketVerify, UserID: u.ID, Data: data, ExpiresAt: e.now().Add(verifyLifetime)}
		if err := e.db.CreateTicket(ctx, t); err != nil {
			return err
		}
		ev := e.event(v, "user.created", map[string]any{"signup": true})
		ev.ClientID = clientID
		return e.db.AddEvents(ctx, ev)
	})
}

// MailReset sends the mail that /reset sends, for an application's own page. Whether there
// is such a person cannot be told from its outcome.
//
// Errors: ErrNoMail, *Limited.
func (e *Engine) MailReset(r *http.Request, typed string) error {
	if !e.canReset() {
		return ErrNoMail
	}
	wait, err := e.mailReset(&visit{r: r, login: &login{row: &storage.Login{}}}, clip(strings.TrimSpace(typed), maxName))
	if err == nil && wait > 0 {
		err = &Limited{Wait: wait}
	}
	return err
}
