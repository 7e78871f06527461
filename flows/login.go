package flows

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// A login is one pass through the gate as one request sees it: the stored row with
// what it is about.
type login struct {
	row      *storage.Login
	state    state
	user     *storage.User            // nil until the person is known
	auths    []*factors.Authenticator // of the user: usable ones, and this login's pending one
	all      []*factors.Authenticator // of the user
	second   bool                     // the account has a second factor that is not weak, usable or not
	owned    int                      // its authenticators beside the password, usable or not
	session  *storage.SessionView     // of this browser and alive, of whatever user; nil: none
	client   *storage.Client          // nil for pages of our own
	settings *storage.Settings
	granted  []string // scopes that the user allowed the client before
	asked    bool     // granted was read
	accepts  string   // languages that the browser prefers
	out      []*storage.Message
	browser  *storage.Browser     // this one, where the person is remembered in it
	used     string               // the factor that was shown last in it, "" where nobody knows
	began    string               // the event of a question that was just opened, "" for none
	told     *storage.Transaction // of the open question, where a device answers it and does not have it yet
	address  string               // of the browser, empty where a device speaks
	agent    string
	handheld bool // the browser is on a phone
	scene    scene
	scripts  []*storage.LiveScript // that run in this login
	seen     *about                // by the scripts, when they ran first in this request
	// tokenOnly is true where a token is renewed: no browser is there to be shown anything.
	tokenOnly bool
	trouble   string // that its page tells of the message it waits for, "" for none
	// implied are authenticators that the person has by what is known of them and that
	// no row is kept of yet, by id.
	implied map[string]*factors.Authenticator
}

// open loads the login that r is about, if r comes from its browser. ErrGone covers
// every way in which it is not for this browser any more, so that they look alike.
func (e *Engine) open(r *http.Request, id string) (*login, error) {
	ctx := r.Context()
	cookie := e.cookie(r, loginCookie+id)
	if cookie == "" {
		return nil, ErrGone
	}
	view, err := e.db.LoginByID(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	l := &login{row: view.Login, user: view.User, accepts: r.Header.Get("Accept-Language"), address: e.addressOf(r), agent: r.UserAgent(), handheld: handheld(r)}
	if subtle.ConstantTimeCompare(e.db.Hash(hashLogin, cookie), l.row.Key) != 1 {
		return nil, ErrGone
	}
	if err := e.unpack(l, view.Authenticators); err != nil {
		return nil, err
	}
	if l.session, err = e.Session(ctx, r); err != nil {
		return nil, err
	}
	if s := l.live(); l.state.Session != "" && (s == nil || s.ID != l.state.Session) {
		return nil, ErrGone // signed out since
	}
	if err := e.equip(ctx, l); err != nil {
		return nil, err
	}
	return l, e.surround(ctx, r, l)
}

// surround reads what is known of where the login happens, and of whom it is about.
func (e *Engine) surround(ctx context.Context, r *http.Request, l *login) error {
	e.locate(r, l)
	if err := e.attend(ctx, l); err != nil {
		return err
	}
	if l.user != nil && e.graces(l) {
		if _, err := e.remind(ctx, l); err != nil {
			return err
		}
	}
	return e.recall(ctx, r, l)
}

// unpack reads the state of l, whoever asks for it.
func (e *Engine) unpack(l *login, auths []*factors.Authenticator) error {
	if err := json.Unmarshal(l.row.State, &l.state); err != nil {
		return fmt.Errorf("login: state: %w", err)
	}
	if e.over(l) {
		return ErrGone
	}
	e.keep(l, auths)
	return nil
}

// over reports whether l is done, too old, or has lost its person.
func (e *Engine) over(l *login) bool {
	now := e.now()
	if l.state.Ask.Direct != "" {
		return !l.row.DoneAt.IsZero() || !now.Before(l.row.ExpiresAt) || l.user == nil
	}
	idle := e.config.LoginIdle
	if l.state.Pending != "" || l.state.Asking != "" || l.state.Shown != nil {
		idle = e.config.SetupIdle
	}
	since := l.state.ActiveAt
	if l.state.LockedUntil.After(since) { // nothing could be done before
		since = l.state.LockedUntil
	}
	rested := len(l.state.Proofs) > 0 && now.Sub(since) > idle
	return !l.row.DoneAt.IsZero() || !now.Before(l.row.ExpiresAt) || rested ||
		l.row.UserID != "" && l.user == nil
}

// keep takes those of all that this login may use: usable ones, and the pending one
// that it made itself. Proofs of authenticators that are gone since are gone as well.
func (e *Engine) keep(l *login, all []*factors.Authenticator) {
	l.auths, l.all, l.second, l.owned, l.implied = nil, all, false, 0, nil
	for _, a := range all {
		if !a.ConfirmedAt.IsZero() && a.Factor != factors.Password {
			l.owned++
			l.second = l.second || e.factors.Info(a.Factor).Traits&factors.Weak == 0
		}
		if a.Usable() || a.ConfirmedAt.IsZero() && a.LoginID == l.row.ID && a.ID == l.state.Pending {
			l.auths = append(l.auths, a)
		}
	}
	e.imply(l, all)
	l.state.Proofs = slices.DeleteFunc(l.state.Proofs, func(p factors.Proof) bool {
		return p.AuthenticatorID != "" && l.authenticator(p.AuthenticatorID) == nil
	})
}

// equip reads what surrounds the login: its client and the tenant's settings.
func (e *Engine) equip(ctx context.Context, l *login) error {
	var err error
	if l.settings, err = e.db.CachedSettings(ctx); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if l.state.Ask.ClientID == "" {
		return nil
	}
	l.client, err = e.db.CachedClient(ctx, l.state.Ask.ClientID)
	if errors.Is(err, storage.ErrNotFound) {
		return ErrGone
	}
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	return e.live(ctx, l)
}

// live is the browser's session where it is of the login's person, else nil.
func (l *login) live() *storage.Session {
	if l.session == nil || l.user == nil || l.session.User.ID != l.user.ID {
		return nil
	}
	return l.session.Session
}

func (l *login) authenticator(id string) *factors.Authenticator {
	for _, a := range l.auths {
		if a.ID == id {
			return a
		}
	}
	return nil
}

func (l *login) drop(id string) {
	l.auths = slices.DeleteFunc(l.auths, func(a *factors.Authenticator) bool { return a.ID == id })
}

func known(all []*factors.Authenticator, id string) bool {
	return slices.ContainsFunc(all, func(a *factors.Authenticator) bool { return a.ID == id })
}

// usable are the confirmed authenticators of a factor, the last used first.
func (l *login) usable(factor string) []*factors.Authenticator {
	var found []*factors.Authenticator
	for _, a := range l.auths {
		if a.Factor == factor && a.Usable() && !usedUp(a) {
			found = append(found, a)
		}
	}
	slices.SortStableFunc(found, func(a, b *factors.Authenticator) int { return b.LastUsedAt.Compare(a.LastUsedAt) })
	return found
}

// usedUp reports whether nothing is left to show: recovery codes are counted in their
// label.
func usedUp(a *factors.Authenticator) bool { return a.Factor == factors.RecoveryCode && a.Label == "0" }

// pack puts the state into the row, ready to be stored.
func (l *login) pack(now time.Time) error {
	l.state.ActiveAt = now
	b, err := json.Marshal(l.state)
	if err != nil {
		return fmt.Errorf("login: state: %w", err)
	}
	l.row.State = b
	return nil
}

// paused reports whether there is something to read or to decide before the login goes
// on.
func (l *login) paused() bool { return l.state.Shown != nil || l.state.Offer != "" }

// forget takes the person and all that was proven off the login.
func (l *login) forget() {
	l.row.UserID, l.user, l.auths, l.second, l.owned = "", nil, nil, false, 0
	l.state = state{Ask: l.state.Ask, Switched: true, Platform: l.state.Platform}
}

// close drops the open question.
func (l *login) close() {
	l.state.Challenge, l.state.Pending, l.state.Picking = nil, "", false
	l.state.Asking, l.state.Asked, l.state.Message = "", "", ""
	l.told, l.state.Verdict = nil, ""
}

// join adds a proof to a bag, in place of an older one by the same factor.
func join(bag []factors.Proof, p factors.Proof) []factors.Proof {
	bag = slices.DeleteFunc(slices.Clone(bag), func(old factors.Proof) bool { return old.Factor == p.Factor })
	return append(bag, p)
}

// hashed is a keyed hash for names of limits and of rows, of which nobody can learn
// what was hashed.
func (e *Engine) hashed(what string) string {
	return hex.EncodeToString(e.db.Hash(hashName, what))[:32]
}

// token makes a value of 256 bits for a cookie or a link.
func token() string { return rand.Text() + rand.Text() }
