package flows

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Names of cookies, before the prefix. A login's is followed by the login's id, so
// that several tabs can sign in side by side.
const (
	sessionCookie = "session"
	deviceCookie  = "device"
	loginCookie   = "login_"
)

// Labels that keep the hashes of one use from those of another.
const (
	hashSession = "session"
	hashLogin   = "login"
	hashDevice  = "device"
	hashTicket  = "ticket"
	hashName    = "name"

	hashRemember = "remember"
	hashUsed     = "used"

	hashTransaction = "transaction"

	hashDirect   = "mfa_token"
	hashQuestion = "question"
)

// loginsAtOnce bounds the logins that one browser may have open, and with them the
// size of its Cookie header.
const loginsAtOnce = 8

// cookieName is name with the prefix that makes browsers refuse it from anyone but
// this host over TLS (T-38). Plain http, which is for development on loopback, cannot
// have it.
func (e *Engine) cookieName(name string) string {
	if e.secure() {
		return "__Host-sallyport_" + name
	}
	return "sallyport_" + name
}

func (e *Engine) secure() bool { return e.issuer.Scheme == "https" }

func (e *Engine) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(e.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie gives the browser a value for so long; 0 or less takes it away.
func (e *Engine) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	c := &http.Cookie{
		Name: e.cookieName(name), Value: value, Path: "/", MaxAge: int(life / time.Second),
		Secure: e.secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if life <= 0 {
		c.Value, c.MaxAge = "", -1
	}
	http.SetCookie(w, c)
}

// bindLogin gives the browser the cookie of a new login and takes away those of the
// oldest where there are too many: ids sort by age.
func (e *Engine) bindLogin(w http.ResponseWriter, r *http.Request, id, value string) {
	e.setCookie(w, loginCookie+id, value, e.config.LoginLifetime)
	prefix := e.cookieName(loginCookie)
	var open []string
	for _, c := range r.Cookies() {
		if strings.HasPrefix(c.Name, prefix) {
			open = append(open, strings.TrimPrefix(c.Name, prefix))
		}
	}
	slices.Sort(open)
	for len(open) >= loginsAtOnce {
		e.setCookie(w, loginCookie+open[0], "", 0)
		open = open[1:]
	}
}
