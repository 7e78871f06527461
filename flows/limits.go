package flows

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

func on(r Rate, key string) storage.Limit {
	return storage.Limit{Key: key, Burst: r.Burst, Period: r.Period}
}

// passwordLimits are what a try at a password is charged to. who is the user's id,
// or the normal form of a name that nobody has, so that both are limited alike
// (T-11). A browser that signed this person in before has a bucket of its own, which
// nobody else can empty: wrong passwords from elsewhere never keep the owner out
// (B-03, T-13).
func (e *Engine) passwordLimits(r *http.Request, who string) []storage.Limit {
	l := e.config.Limits
	if device := e.knownDevice(r, who); device != "" {
		return []storage.Limit{on(l.PasswordDevice, "password:"+who+":device:"+device)}
	}
	from := e.network(r)
	return []storage.Limit{
		on(l.PasswordUserAddress, "password:"+who+":"+from),
		on(l.PasswordUser, "password:"+who), on(l.PasswordAddress, "password:"+from),
	}
}

// codeLimits are what an answer of a second factor is charged to. They have nothing in
// common with those of passwords: a right password resets nothing here. Whoever changes
// from one factor to another gets no new tries, but recovery codes have a bucket of their
// own: they are the way out where somebody else's guesses used the other one up.
func (e *Engine) codeLimits(v *visit, auths []*factors.Authenticator) []storage.Limit {
	l, user := e.config.Limits, v.login.user.ID
	limits := []storage.Limit{on(l.CodeAddress, "code:"+e.network(v.r))}
	if e.factors.Info(auths[0].Factor).Companion {
		return append(limits, on(l.CodeRecovery, "recovery:"+user))
	}
	limits = append(limits, on(l.CodeUser, "code:"+user))
	for _, a := range auths {
		limits = append(limits, on(l.CodeAuthenticator, "code:"+a.ID))
	}
	return limits
}

// who is the key of the person behind a typed name, whether or not there is one.
func (e *Engine) who(u *storage.User, typed string) string {
	if u != nil {
		return u.ID
	}
	return "name:" + e.hashed(storage.Normalise(typed))
}

// charge takes a try from all limits before it is looked at, so that parallel tries
// cannot pass the counter (B-11). Where there is none left, the login's page says
// when there will be.
func (e *Engine) charge(v *visit, factor string, limits []storage.Limit) (bool, error) {
	if v.paid {
		return true, nil
	}
	wait, err := e.db.TakeAll(v.ctx(), e.now(), limits...)
	if err != nil {
		return false, fmt.Errorf("limits: %w", err)
	}
	if v.paid = wait == 0; v.paid {
		return true, nil
	}
	l := v.login
	v.outcome = &Limited{Wait: wait}
	l.state.LockedUntil = e.now().Add(wait)
	event := e.event(v, "login.limited", map[string]any{"factor": factor, "seconds": int64(wait / time.Second)})
	err = e.store(v, &storage.Change{Login: l.row, Events: []*storage.Event{event}})
	if errors.Is(err, storage.ErrConflict) { // the page shows what the other one stored
		err = e.db.AddEvents(v.ctx(), event)
	}
	return false, err
}

func (e *Engine) network(r *http.Request) string { return Network(e.address(r)) }

// Network is the part of an address that one customer of a provider has: a whole IPv4
// address, the first 64 bits of an IPv6 one.
func Network(at netip.Addr) string {
	if at = at.Unmap(); at.Is6() {
		if p, err := at.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return at.String()
}

func (e *Engine) addressOf(r *http.Request) string {
	if at := e.address(r); at != (netip.Addr{}) {
		return at.String()
	}
	return ""
}

// BusyWait is how long to wait where there is too much to do, or the database was away.
const BusyWait = 5 * time.Second

// RetryAfter tells browsers and programs when to come again: in whole seconds, and never
// too early.
func RetryAfter(h http.Header, wait time.Duration) {
	seconds := max(1, int64((wait+time.Second-1)/time.Second))
	h.Set("Retry-After", strconv.FormatInt(seconds, 10))
}

func limited(until time.Time) *themes.Notice {
	return &themes.Notice{Kind: "warn", ID: noticeLimited, Data: map[string]any{"Until": until}}
}

// knownDevices bounds how many people a browser is known for.
const knownDevices = 8

// knownDevice is the browser's mark if it has signed who in before, else "". The mark
// is a random value with a keyed hash for each person; it proves nothing and only
// chooses a bucket.
func (e *Engine) knownDevice(r *http.Request, who string) string {
	mark, people := e.device(r)
	if mark == "" || !slices.Contains(people, e.markFor(mark, who)) {
		return ""
	}
	return mark
}

// device takes the cookie apart.
func (e *Engine) device(r *http.Request) (mark string, people []string) {
	const markLen, sumLen = 52, 32
	value := e.cookie(r, deviceCookie)
	if len(value) < markLen || (len(value)-markLen)%sumLen != 0 || len(value) > markLen+knownDevices*sumLen {
		return "", nil
	}
	mark, value = value[:markLen], value[markLen:]
	for ; value != ""; value = value[sumLen:] {
		people = append(people, value[:sumLen])
	}
	return mark, people
}

func (e *Engine) markFor(mark, userID string) string {
	return hex.EncodeToString(e.db.Hash(hashDevice, mark+" "+userID))[:32]
}

// knowDevice remembers that this browser has signed a person in.
func (e *Engine) knowDevice(v *visit, userID string) {
	_, people := e.device(v.r)
	mark := e.ownMark(v)
	sum := e.markFor(mark, userID)
	people = slices.DeleteFunc(people, func(p string) bool { return p == sum })
	people = append([]string{sum}, people...)
	people = people[:min(len(people), knownDevices)]
	value := mark
	for _, p := range people {
		value += p
	}
	const year = 365 * 24 * time.Hour
	e.setCookie(v.w, deviceCookie, value, year)
}

// ownMark is the browser's mark, a new one where it has none.
func (e *Engine) ownMark(v *visit) string {
	if v.mark == "" {
		v.mark, _ = e.device(v.r)
	}
	if v.mark == "" {
		v.mark = token()
	}
	return v.mark
}
