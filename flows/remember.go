package flows

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// rotationGrace is how long a browser's former value still works: two tabs that sign in
// at once both sent the one they had.
const rotationGrace = 30 * time.Second

// How long browsers are remembered where nobody said otherwise.
const (
	rememberFor  = 30 * 24 * time.Hour
	rememberIdle = 7 * 24 * time.Hour
)

// remembers is how long l's application remembers a browser: since a factor was shown,
// and since the last sign-in.
func (l *login) remembers() (absolute, idle time.Duration) {
	absolute, idle = rememberFor, rememberIdle
	set := func(to *time.Duration, seconds *int64) {
		if seconds != nil {
			*to = time.Duration(*seconds) * time.Second
		}
	}
	set(&absolute, l.settings.RememberFor)
	set(&idle, l.settings.RememberIdle)
	if l.client != nil {
		set(&absolute, l.client.Settings.RememberFor)
		set(&idle, l.client.Settings.RememberIdle)
	}
	return absolute, idle
}

// rememberName is the cookie of a person in this browser: several may share it.
func (e *Engine) rememberName(userID string) string {
	return "remember_" + e.hashed("remember " + userID)[:12]
}

// recall finds out whether the person is remembered in this browser. What does not fit
// is as if it were not there; a value that was replaced before is somebody else's copy,
// and ends all of the person's: whoever copied one may have copied more (T-17).
func (e *Engine) recall(ctx context.Context, r *http.Request, l *login) error {
	l.browser, l.used = nil, ""
	if l.user == nil || l.state.Ask.Direct != "" {
		return nil
	}
	l.used = e.lastUsed(r, l.user.ID)
	id, value, _ := strings.Cut(e.cookie(r, e.rememberName(l.user.ID)), ".")
	if value == "" {
		return nil
	}
	b, err := e.db.BrowserByID(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("browser: %w", err)
	}
	mark, _ := e.device(r)
	absolute, idle := l.remembers()
	now := e.now()
	over := !now.Before(b.ExpiresAt) || now.Sub(b.CreatedAt) > absolute || now.Sub(b.LastUsedAt) > idle
	elsewhere := b.UserID != l.user.ID || mark == "" || subtle.ConstantTimeCompare(b.Device, e.db.Hash(hashDevice, mark)) != 1
	if over || elsewhere {
		return nil
	}
	key := e.db.Hash(hashRemember, value)
	switch {
	case subtle.ConstantTimeCompare(b.Key, key) == 1:
		l.browser = b
	case subtle.ConstantTimeCompare(b.OldKey, key) == 1 && now.Sub(b.RotatedAt) <= rotationGrace:
		l.browser = b
	default:
		return e.forgetBrowsers(ctx, r, l, b)
	}
	return nil
}

func (e *Engine) forgetBrowsers(ctx context.Context, r *http.Request, l *login, b *storage.Browser) error {
	v := &visit{r: r, login: l}
	err := e.db.Tx(ctx, func(ctx context.Context) error {
		if err := e.db.DeleteBrowsers(ctx, b.UserID); err != nil {
			return err
		}
		return e.db.AddEvents(ctx, e.event(v, "browser.revoked", map[string]any{"browser_id": b.ID, "why": "a value was used twice"}))
	})
	if err != nil {
		return fmt.Errorf("browser: %w", err)
	}
	return nil
}

// canRemember reports whether a proof of a factor, given now, may be remembered: one
// that only the policy wanted, and that is worth something.
func (e *Engine) canRemember(l *login, d policy.Decision, factor string) bool {
	absolute, idle := l.remembers()
	return absolute > 0 && idle > 0 && d.Rememberable && e.factors.Info(factor).Traits&factors.Weak == 0
}

// noteRemember takes the person's wish to be remembered.
func (e *Engine) noteRemember(v *visit, factor string) {
	v.login.state.Remember = v.field("remember") != "" && e.canRemember(v.login, v.decision, factor)
}

// remember writes down, with the session, that this browser is remembered: anew where
// the person wished it, with a new value where they already were.
func (e *Engine) remember(v *visit, c *storage.Change, d policy.Decision) {
	l := v.login
	value := token()
	key := e.db.Hash(hashRemember, value)
	name := e.rememberName(l.user.ID)
	switch {
	case l.state.Remember:
		absolute, _ := l.remembers()
		b := &storage.Browser{
			ID: storage.NewID("brw"), UserID: l.user.ID, Key: key, Device: e.db.Hash(hashDevice, e.ownMark(v)), UserAgent: clip(v.r.UserAgent(), maxAgent),
			Address: e.addressOf(v.r), ExpiresAt: e.now().Add(absolute),
		}
		if l.browser != nil {
			c.OldBrowser = l.browser.ID
		}
		c.NewBrowser = b
		c.Events = append(c.Events, e.event(v, "browser.remembered", map[string]any{"browser_id": b.ID}))
		v.cookies = append(v.cookies, func() { e.setCookie(v.w, name, b.ID+"."+value, absolute) })
	case l.browser != nil && d.Remembered:
		b := l.browser
		c.Browser, c.NewKey = b, key
		v.cookies = append(v.cookies, func() { e.setCookie(v.w, name, b.ID+"."+value, b.ExpiresAt.Sub(e.now())) })
	}
}
