package flows

import (
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// How a sign-in without a browser began.
const (
	directPassword = "password"
	directRefresh  = "refresh"
	directEnroll   = "enroll" // no sign-in: somebody who is signed in sets a factor up
)

// directLife is how long a sign-in without a browser waits for its second factor, as
// Auth0's mfa_token does.
const directLife = 10 * time.Minute

// What is said of a sign-in without a browser, beside *Limited, *Refusal, *SecondNeeded,
// ErrGone and factors' own errors.
var (
	// ErrCredentials says that name and password are not somebody's, whichever it is.
	ErrCredentials = errors.New("flows: wrong name or password")
	// ErrMalformed says that a token was never ours.
	ErrMalformed = errors.New("flows: no token of a sign-in")
	// ErrOtherClient says that a token was given to another client.
	ErrOtherClient = errors.New("flows: the token of another client's sign-in")
)

// A SecondNeeded says that a second factor is to be shown, or set up, before there is a
// result. Token opens the sign-in again (Engine.Direct).
type SecondNeeded struct {
	Token string
	// Challenge or Enroll are the factors that will do, best first, as far as they can be
	// shown without a page; the other one is nil.
	Challenge []string
	Enroll    []string
	// Recovery is the code that takes the place of the one that was just used.
	Recovery string
}

func (*SecondNeeded) Error() string { return "flows: a second factor is needed" }

// A Direct is an open sign-in without a browser: a login like any other, but for the cookie
// in whose place its token stands.
type Direct struct {
	e    *Engine
	v    *visit
	keys bool // the program has a browser that can ask for keys
}

// SignIn signs a person in by name and password, as a browser's login does and under the
// same limits, but without a session: all that comes of it is the result.
//
// Errors: ErrCredentials; *Limited; *SecondNeeded; *Refusal; factors.ErrBusy.
func (e *Engine) SignIn(r *http.Request, ask Ask, username, password string) (*Result, error) {
	ask.RequestedAt, ask.Direct = e.now(), directPassword
	l := e.directLogin(r, ask)
	v := &visit{r: r, login: l, unstored: true}
	if err := e.equip(v.ctx(), l); errors.Is(err, ErrGone) {
		return nil, &Refusal{Code: "unauthorized_client", Description: "There is no such client.", Ask: ask}
	} else if err != nil {
		return nil, err
	}
	c, err := e.proveName(v, username, password)
	if err != nil {
		return nil, err
	}
	if err := e.surround(v.ctx(), r, l); err != nil {
		return nil, err
	}
	return v.told(e.proceed(v, c))
}

func (e *Engine) directLogin(r *http.Request, ask Ask) *login {
	return &login{
		row:   &storage.Login{ID: storage.NewID("lgn"), ExpiresAt: e.now().Add(directLife)},
		state: state{Ask: ask}, accepts: r.Header.Get("Accept-Language"), address: e.addressOf(r), agent: r.UserAgent(),
	}
}

// proveName is answerPassword where there is no page.
func (e *Engine) proveName(v *visit, typed, password string) (*storage.Change, error) {
	l := v.login
	l.state.Typed = clip(strings.TrimSpace(typed), maxName)
	user, auths, history, err := e.person(v.ctx(), l.state.Typed)
	if err != nil {
		return nil, err
	}
	limits := e.passwordLimits(v.r, e.who(user, l.state.Typed))
	wait, err := e.db.TakeAll(v.ctx(), e.now(), limits...)
	if err != nil {
		return nil, fmt.Errorf("limits: %w", err)
	}
	if wait > 0 {
		event := e.event(v, "login.limited", map[string]any{"factor": factors.Password, "seconds": int64(wait / time.Second)})
		return nil, errors.Join(&Limited{Wait: wait}, e.db.AddEvents(v.ctx(), event))
	}
	p, changed, err := e.checkPassword(v, user, auths, password)
	if errors.Is(err, factors.ErrWrong) {
		refused := e.event(v, "proof.refused", map[string]any{"factor": factors.Password})
		failed := e.event(v, "exchange.refused", map[string]any{"exchange": e.exchange(l)})
		if user != nil {
			refused.UserID, failed.UserID = user.ID, user.ID
		}
		return nil, errors.Join(ErrCredentials, e.db.AddEvents(v.ctx(), refused, failed))
	}
	if err != nil {
		return nil, err
	}
	e.identify(l, user)
	e.keep(l, auths)
	if err := l.recollect(history); err != nil {
		return nil, err
	}
	l.state.Proofs = join(l.state.Proofs, *p)
	return &storage.Change{Refund: limits, Authenticators: changed, Events: []*storage.Event{
		e.event(v, "proof.accepted", map[string]any{"factor": p.Factor, "authenticator_id": p.AuthenticatorID}),
	}}, nil
}

// proceed says what comes after a proof: the result, or what is needed still. It is
// advance where there is no page, and sends nothing that was not asked for.
func (e *Engine) proceed(v *visit, c *storage.Change) error {
	l := v.login
	d, err := e.settled(v)
	if err != nil {
		return err
	}
	v.decision = d
	if row := e.witness(v.ctx(), v.r, l, d); row != nil {
		c.Decision = row
	}
	switch d.Need {
	case policy.Done:
		err = e.complete(v, c, d)
	case policy.ProveSecond, policy.Enroll:
		v.outcome, c.Login = e.needed(v, d), l.row
		c.Events = append(c.Events, e.event(v, "exchange.unfinished", map[string]any{"exchange": e.exchange(l)}))
	default:
		v.outcome = l.refusedDirectly(d)
		l.row.DoneAt = e.now()
		about := l.denial(d)
		about["exchange"] = l.state.Ask.Direct
		c.Events = append(c.Events, e.event(v, "login.denied", about))
	}
	if err != nil {
		return err
	}
	if !v.unstored {
		c.Login = l.row
	}
	return e.store(v, c)
}

// exchange is what a program has given for tokens, as far as it has come.
func (e *Engine) exchange(l *login) string {
	if len(l.state.Proofs) == 0 || l.state.Ask.Direct != directPassword {
		return l.state.Ask.Direct
	}
	return e.exchangeBy(l.state.Proofs[len(l.state.Proofs)-1].Factor)
}

// exchangeBy is the grant that a factor is shown by, in the words of their types.
func (e *Engine) exchangeBy(factor string) string {
	info := e.factors.Info(factor)
	switch {
	case factor == factors.Password:
		return directPassword
	case info.Companion:
		return "mfa-recovery-code"
	case info.Sends:
		return "mfa-oob"
	}
	return "mfa-otp"
}

// noProvider is how a script's fault begins that named a second factor which there is not.
var noProvider = regexp.MustCompile(`multifactor: ("[^"]*") is no provider`)

// refusedDirectly is refused, with the one fault of scripts that the MFA API has words for.
func (l *login) refusedDirectly(d policy.Decision) *Refusal {
	if s := l.state.Scripted; s != nil && s.Denial != nil && s.Denial.Fault {
		if m := noProvider.FindStringSubmatch(s.Denial.Reason); m != nil {
			return &Refusal{Code: "invalid_request", Description: "Unsupported multifactor provider: " + m[1], Ask: l.state.Ask}
		}
	}
	return l.refused(d)
}

// settled is settle; where somebody who is signed in set a factor up, nothing is left to
// decide.
func (e *Engine) settled(v *visit) (policy.Decision, error) {
	if by := v.login.state.Caller; by != nil {
		return policy.Decision{Need: policy.Done, ACR: by.ACR, AMR: by.AMR, Reason: "satisfied"}, nil
	}
	return e.settle(v.ctx(), v.r, v.login)
}

// complete ends a sign-in without a browser. Nothing is learnt of devices: there is no
// cookie to know one by.
func (e *Engine) complete(v *visit, c *storage.Change, d policy.Decision) error {
	l := v.login
	l.row.DoneAt = e.now()
	v.result = l.result(d, l.row.ID)
	if by := l.state.Caller; by != nil {
		v.result.AuthTime = by.AuthTime
		return nil
	}
	if l.state.Ask.Direct == directPassword {
		c.SignedIn = l.user.ID
		if err := e.chronicle(v, c); err != nil {
			return err
		}
	}
	e.sum(v, c, d)
	return nil
}

// needed is what the application is told of a decision.
func (e *Engine) needed(v *visit, d policy.Decision) *SecondNeeded {
	n := &SecondNeeded{Token: v.token, Recovery: v.recovery}
	if n.Token == "" {
		n.Token = e.directToken(v.login.row)
	}
	offers := slices.DeleteFunc(slices.Clone(d.Offers), e.paged)
	if d.Need == policy.Enroll {
		n.Enroll = offers
	} else {
		n.Challenge = offers
	}
	return n
}

// paged reports whether a factor cannot be shown without a page: keys ask the browser, and
// vendors have pages of their own.
func (e *Engine) paged(factor string) bool {
	_, key := e.factors.Get(factor).(factors.Discoverer)
	return key || e.factors.Info(factor).Exclusive
}

// directToken makes the token of a login that is about to be stored. The check in it tells
// one that has expired from one that never was, whatever is left in the table.
func (e *Engine) directToken(row *storage.Login) string {
	token := row.ID + "." + token()
	token += "." + e.directCheck(token)
	row.Key = e.db.Hash(hashDirect, token)
	return token
}

func (e *Engine) directCheck(text string) string {
	return hex.EncodeToString(e.db.MAC(hashDirect, []byte(text)))[:32]
}

// Direct opens the sign-in of a token that the client, "" for any, was given.
//
// Errors: ErrMalformed; ErrGone where it is over or too old; ErrOtherClient; *Refusal where
// the person may not sign in any more.
func (e *Engine) Direct(r *http.Request, token, clientID string) (*Direct, error) {
	at := strings.LastIndexByte(token, '.')
	if at < 0 || subtle.ConstantTimeCompare([]byte(token[at+1:]), []byte(e.directCheck(token[:at]))) != 1 {
		return nil, ErrMalformed
	}
	id, _, _ := strings.Cut(token, ".")
	l, err := e.openDirect(r, id, e.db.Hash(hashDirect, token))
	if err != nil {
		return nil, err
	}
	return e.direct(r, l, token, clientID)
}

func (e *Engine) direct(r *http.Request, l *login, token, clientID string) (*Direct, error) {
	d := &Direct{e: e, v: &visit{r: r, login: l, token: token}}
	if clientID != "" && l.state.Ask.ClientID != clientID {
		event := e.event(d.v, "login.refused", map[string]any{"why": "another client", "claimed": clip(clientID, maxName)})
		return nil, errors.Join(ErrOtherClient, e.db.AddEvents(r.Context(), event))
	}
	return d, d.decide()
}

// openDirect loads a login without a browser.
func (e *Engine) openDirect(r *http.Request, id string, key []byte) (*login, error) {
	ctx := r.Context()
	view, err := e.db.LoginByID(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	if subtle.ConstantTimeCompare(key, view.Login.Key) != 1 {
		return nil, ErrGone
	}
	l := &login{row: view.Login, user: view.User, accepts: r.Header.Get("Accept-Language"), address: e.addressOf(r), agent: r.UserAgent()}
	if err := e.unpack(l, view.Authenticators); err != nil {
		return nil, err
	}
	if l.state.Ask.Direct == "" {
		return nil, ErrGone
	}
	l.tokenOnly = l.state.Ask.Direct == directRefresh
	if err := e.equip(ctx, l); err != nil {
		return nil, err
	}
	return l, e.surround(ctx, r, l)
}

// decide says what d needs now.
func (d *Direct) decide() (err error) {
	l := d.v.login
	if by := l.state.Caller; by != nil {
		d.v.decision = policy.Decision{Need: policy.Enroll, Offers: d.e.addable(l)}
		if l.user.Blocked || l.client == nil || l.client.Disabled {
			return &Refusal{Code: "access_denied", Description: refusals["blocked"], Ask: l.state.Ask}
		}
		return nil
	}
	if d.v.decision, err = d.e.decide(d.v.ctx(), l); err != nil {
		return err
	}
	if d.v.decision.Need == policy.Deny {
		return l.refused(d.v.decision)
	}
	return nil
}

// Ask is what the sign-in was begun for.
func (d *Direct) Ask() Ask { return d.v.login.state.Ask }

// Speak has messages go out in a language, where there are words in it.
func (d *Direct) Speak(language string) {
	if language != "" {
		d.v.login.state.Ask.UILocales = []string{clip(language, maxName)}
	}
}

// told is what an act has come to.
func (v *visit) told(err error) (*Result, error) {
	switch {
	case err != nil:
		return nil, err
	case v.outcome != nil:
		return nil, v.outcome
	case v.result == nil:
		return nil, ErrGone
	}
	return v.result, nil
}
