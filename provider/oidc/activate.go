package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// activations bound wrong codes: from one network, and altogether. A code that is right
// costs nothing. With a hundred devices waiting, all guesses that this allows find one
// within a code's life about once in thirty thousand.
var activations = struct{ network, all storage.Limit }{
	storage.Limit{Burst: 10, Period: time.Minute},
	storage.Limit{Key: "activate", Burst: 1000, Period: 200 * time.Millisecond},
}

// errNoDevice: no device waits with this code.
var errNoDevice = errors.New("oidc: no device waits with this code")

// A waiting device is a request that nobody has answered yet.
type waiting struct {
	grant  *storage.Grant
	record *record
	client *client
}

// showActivate is GET /activate: the question for the code that a device shows, or what
// came of it. The address that a device shows as a picture has the code in it already;
// that is as if it were typed, and somebody has to look at it all the same (RFC 8628
// §3.3.1).
func (p *Provider) showActivate(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	switch {
	case query.Has("done"), query.Has("denied"):
		p.themes.Render(w, http.StatusOK, themes.Activated{Frame: p.frame(w, r, nil), Denied: query.Has("denied")})
	default:
		p.askUserCode(w, r, http.StatusOK, query.Get("user_code"), nil)
	}
}

func (p *Provider) askUserCode(w http.ResponseWriter, r *http.Request, status int, typed string, n *themes.Notice) {
	f := p.frame(w, r, nil)
	f.Action, f.Notice = p.path("/activate"), n
	p.themes.Render(w, status, themes.Activate{Frame: f, UserCode: clip(typed, 32)})
}

// takeUserCode is POST /activate.
func (p *Provider) takeUserCode(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.page(w, r, nil, invalidRequest("The body cannot be read as a form."))
		return
	}
	if d := p.waitingDevice(w, r, r.PostFormValue("user_code")); d != nil {
		http.Redirect(w, r, p.confirmPath(d), http.StatusSeeOther)
	}
}

func (p *Provider) confirmPath(d *waiting) string {
	return p.path("/activate/confirm") + "?" + url.Values{"user_code": {d.record.Device.Code}}.Encode()
}

// waitingDevice is the device whose code was typed; nil where it has answered the browser
// that there is none.
func (p *Provider) waitingDevice(w http.ResponseWriter, r *http.Request, typed string) *waiting {
	d, wait, err := p.findDevice(r, typed)
	switch {
	case wait > 0:
		limited := &themes.Notice{Kind: "warn", ID: "login.limited", Data: map[string]any{"Until": p.now().Add(wait)}}
		flows.RetryAfter(w.Header(), wait)
		p.askUserCode(w, r, http.StatusTooManyRequests, typed, limited)
	case errors.Is(err, errNoDevice):
		p.askUserCode(w, r, http.StatusUnprocessableEntity, typed, &themes.Notice{Kind: "error", ID: "activate.wrong", Field: "user_code"})
	case err != nil:
		p.page(w, r, nil, err)
	default:
		return d
	}
	return nil
}

// findDevice charges a try before it looks, and gives it back where it was right.
func (p *Provider) findDevice(r *http.Request, typed string) (d *waiting, wait time.Duration, err error) {
	if plainCode(typed) == "" {
		return nil, 0, errNoDevice
	}
	own := activations.network
	own.Key = "activate:" + flows.Network(p.address(r))
	limits := []storage.Limit{own, activations.all}
	if wait, err = p.db.TakeAll(r.Context(), p.now(), limits...); err != nil || wait > 0 {
		return nil, wait, err
	}
	g, err := p.db.GrantByKey(r.Context(), storage.GrantUserCode, p.userCodeKey(typed))
	if errors.Is(err, storage.ErrNotFound) {
		return nil, 0, errNoDevice
	}
	if err == nil {
		d, err = p.device(r.Context(), g.Data)
	}
	if err == nil {
		err = p.db.GiveBack(r.Context(), limits...)
	}
	return d, 0, err
}

// device reads a request by its key.
//
// Errors: errNoDevice where it waits no more.
func (p *Provider) device(ctx context.Context, key []byte) (*waiting, error) {
	g, err := p.db.GrantByKey(ctx, storage.GrantDevice, key)
	switch {
	case errors.Is(err, storage.ErrNotFound), err == nil && (!g.Active || g.Uses > 0 || !g.UsedAt.IsZero() || !p.now().Before(g.ExpiresAt)):
		return nil, errNoDevice
	case err != nil:
		return nil, err
	}
	rec, err := decodeRecord(g.Data)
	if err != nil {
		return nil, err
	}
	c, err := p.client(ctx, g.ClientID)
	var e *oauthError
	switch {
	case errors.As(err, &e), err == nil && c.Disabled, err == nil && rec.Device == nil:
		return nil, errNoDevice
	case err != nil:
		return nil, err
	}
	return &waiting{g, rec, c}, p.aim(ctx, c, rec.Session.Audience)
}

// showConfirm is GET /activate/confirm: what is about to be allowed, and that only who
// began it should go on. A link that somebody sent ends here too (RFC 8628 §5.4).
func (p *Provider) showConfirm(w http.ResponseWriter, r *http.Request) {
	d := p.waitingDevice(w, r, r.URL.Query().Get("user_code"))
	if d == nil {
		return
	}
	f := p.frame(w, r, &request{form: url.Values{}, client: d.client})
	f.Action = p.confirmPath(d)
	p.themes.Render(w, http.StatusOK, themes.ActivateConfirm{Frame: f, UserCode: d.record.Device.Code})
}

// confirmDevice is POST /activate/confirm: yes leads through a sign-in.
func (p *Provider) confirmDevice(w http.ResponseWriter, r *http.Request) {
	d := p.waitingDevice(w, r, r.URL.Query().Get("user_code"))
	if d == nil {
		return
	}
	if err := r.ParseForm(); err != nil {
		p.page(w, r, nil, invalidRequest("The body cannot be read as a form."))
		return
	}
	switch r.PostFormValue("act") {
	case "deny":
		p.denyDevice(w, r, d)
		return
	case "allow":
	default:
		http.Redirect(w, r, p.confirmPath(d), http.StatusSeeOther)
		return
	}
	id, done, err := p.flows.Begin(r.Context(), w, r, p.deviceAsk(d))
	var refusal *flows.Refusal
	switch {
	case errors.As(err, &refusal):
		p.denyDevice(w, r, d)
	case err != nil:
		p.page(w, r, nil, err)
	case done == nil:
		http.Redirect(w, r, p.flows.LoginPath(id), http.StatusSeeOther)
	default:
		p.allowDevice(w, r, d, done)
	}
}

// deviceAsk is what the device wants of a sign-in.
func (p *Provider) deviceAsk(d *waiting) flows.Ask {
	s := d.record.Session
	kept := url.Values{"client_id": {d.client.ID}, "device": {b64.EncodeToString(d.grant.Key)}}
	for name, value := range map[string]string{"audience": s.Audience, "scope": spaced(s.Scopes)} {
		if value != "" {
			kept.Set(name, value)
		}
	}
	ask := flows.Ask{
		ClientID: d.client.ID, Scopes: d.client.asks(s.Scopes), RequestedAt: p.now(), Resume: p.path("/activate/resume"), Request: []byte(kept.Encode()),
	}
	p.guard(d.client, &ask)
	return ask
}

// resumeDevice is GET /activate/resume?login=ID: the sign-in is over.
func (p *Provider) resumeDevice(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("login")
	res, err := p.flows.Result(r.Context(), w, r, id)
	var refusal *flows.Refusal
	var ask flows.Ask
	switch {
	case errors.Is(err, flows.ErrNotDone):
		http.Redirect(w, r, p.flows.LoginPath(id), http.StatusSeeOther)
		return
	case errors.Is(err, flows.ErrGone):
		p.expired(w, r)
		return
	case errors.As(err, &refusal):
		ask = refusal.Ask
	case err != nil:
		p.page(w, r, nil, err)
		return
	default:
		ask = res.Ask
	}
	d, err := p.reopen(r.Context(), ask)
	switch {
	case errors.Is(err, errNoDevice):
		p.expired(w, r)
	case err != nil:
		p.page(w, r, nil, err)
	case refusal != nil:
		p.denyDevice(w, r, d)
	default:
		p.allowDevice(w, r, d, res)
	}
}

// reopen is the device of a sign-in.
func (p *Provider) reopen(ctx context.Context, ask flows.Ask) (*waiting, error) {
	form, err := url.ParseQuery(string(ask.Request))
	if err != nil {
		return nil, err
	}
	key, err := b64.DecodeString(form.Get("device"))
	if err != nil || len(key) == 0 {
		return nil, errNoDevice
	}
	return p.device(ctx, key)
}

// allowDevice gives the device what the sign-in proved. Its tokens do not end with the
// session of this browser, which is on another machine.
func (p *Provider) allowDevice(w http.ResponseWriter, r *http.Request, d *waiting, res *flows.Result) {
	s := d.record.Session
	s.UserID, s.ACR, s.AMR, s.AuthTime, s.Own = res.UserID, res.ACR, res.AMR, res.AuthTime.Unix(), ownOf(res.Claims)
	s.Until = p.now().Add(d.client.refreshAbsolute()).Unix()
	s.Scopes = d.client.granted(spaced(s.Scopes), res.Claims)
	d.grant.UserID = res.UserID
	p.answerDevice(w, r, d, "device.allowed", "done", res.Record)
}

func (p *Provider) denyDevice(w http.ResponseWriter, r *http.Request, d *waiting) {
	d.record.Device.Denied = true
	p.answerDevice(w, r, d, "device.denied", "denied", nil)
}

func (p *Provider) answerDevice(w http.ResponseWriter, r *http.Request, d *waiting, event, page string, why *storage.Decision) {
	d.grant.Data = d.record.encode()
	e := &storage.Event{
		ID: storage.NewID("evt"), At: p.now(), Type: event, ClientID: d.client.ID, UserID: d.grant.UserID, Address: p.addressOf(r),
	}
	if e.UserID != "" {
		e.Actor = "user:" + e.UserID
	}
	err := p.db.Tx(r.Context(), func(ctx context.Context) error {
		if err := p.db.AnswerDevice(ctx, d.grant); err != nil {
			return err
		}
		return p.db.Commit(ctx, storage.Change{Decision: why, Events: []*storage.Event{e}})
	})
	switch {
	case errors.Is(err, storage.ErrSpent):
		p.expired(w, r)
	case err != nil:
		p.page(w, r, nil, err)
	default:
		http.Redirect(w, r, p.path("/activate?"+page), http.StatusSeeOther)
	}
}

func spaced(scopes []string) string { return strings.Join(scopes, " ") }

// addressOf is where r came from, "" where that is not known.
func (p *Provider) addressOf(r *http.Request) string {
	if at := p.address(r); at.IsValid() {
		return at.String()
	}
	return ""
}
