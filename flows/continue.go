package flows

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/flows/rules"
	"github.com/sallyport-id/sallyport/storage"
)

// custom is what a script says was proven elsewhere: a method of the session by the name
// that it gives, which raises no acr.
func custom(method string, at time.Time) factors.Proof { return factors.Proof{Factor: method, At: at} }

func isCustom(p factors.Proof) bool {
	return len(p.AMR) == 0 && p.Kinds == 0 && p.AuthenticatorID == ""
}

// away is where the person goes because a script wants it, with what it takes to come
// back.
func (l *login) away() string {
	u, err := url.Parse(l.state.Scripted.Redirect.URL)
	if err != nil {
		return "/"
	}
	q := u.Query()
	q.Set("state", l.row.ID)
	u.RawQuery = q.Encode()
	return u.String()
}

// comeBack is /continue?state=…, by which a person returns from where a script had sent
// them. As the callback of a vendor it changes something though it may be a GET: only in
// the login's browser, and once for each time that they were sent.
func (e *Engine) comeBack(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		e.failWith(w, r, http.StatusBadRequest, "the form cannot be read")
		return
	}
	l, err := e.open(r, r.Form.Get("state"))
	if errors.Is(err, ErrGone) {
		e.failWith(w, r, http.StatusBadRequest, "invalid_request: state belongs to no sign-in in this browser")
		return
	}
	if err != nil {
		e.fail(w, r, err)
		return
	}
	e.run(&visit{w: w, r: r, login: l}, func(e *Engine, v *visit) error {
		l := v.login
		if v.decision.Need != policy.Redirect {
			return nil
		}
		s := l.state.Scripted
		s.Away, s.Redirect = s.Redirect.Script, nil
		at := slices.IndexFunc(l.scripts, func(one *storage.LiveScript) bool { return one.Name == s.Away })
		if at < 0 || l.scripts[at].Kind == rules.Rule {
			// Rules run anew, all of them: what they said the first time is void.
			s.Next, s.Multifactor, s.IDToken, s.AccessToken, s.Scopes = 0, nil, nil, nil, nil
		}
		s.Over = false
		if err := e.script(v.ctx(), v.r, l, v.r.Form); err != nil {
			return err
		}
		return e.advance(v, &storage.Change{})
	})
}
