package oidc

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// postAuthorize is POST /authorize (CORE-01). A relying party's page sends it from its
// own site, so the browser holds its cookies back; the same request by GET brings
// them.
func (p *Provider) postAuthorize(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.page(w, r, nil, invalidRequest("The body cannot be read as a form."))
		return
	}
	p.again(w, r, "/authorize")
}

// maxAgain is how long the parameters of a POST that is made a GET may be: what
// browsers and proxies take as an address.
const maxAgain = 16 << 10

// again sends the browser to path with all that it posted.
func (p *Provider) again(w http.ResponseWriter, r *http.Request, path string) {
	query := r.Form.Encode()
	if len(query) > maxAgain {
		p.page(w, r, nil, invalidRequest("The parameters have more than 16384 bytes: push them to the pushed authorization request endpoint."))
		return
	}
	http.Redirect(w, r, p.path(path)+"?"+query, http.StatusSeeOther)
}

// authorize is GET /authorize.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q, err := p.arrive(r)
	if err != nil {
		p.answerError(w, r, q, err)
		return
	}
	ask := p.ask(q, p.now())
	welcome, err := p.readInvitation(r.Context(), q, &ask)
	if err != nil {
		p.answerError(w, r, q, err)
		return
	}
	if welcome != "" {
		http.Redirect(w, r, welcome, http.StatusSeeOther)
		return
	}
	id, done, err := p.flows.Begin(r.Context(), w, r, ask)
	switch {
	case err != nil:
		p.answerError(w, r, q, err)
	case done == nil:
		http.Redirect(w, r, p.flows.LoginPath(id), http.StatusSeeOther)
	default:
		p.grant(w, r, q, done)
	}
}

// arrive reads the request: from the address, or what was pushed before.
func (p *Provider) arrive(r *http.Request) (*request, error) {
	form, err := single(r.URL.Query())
	if err != nil {
		return p.whereTo(r, err)
	}
	if !strings.HasPrefix(form.Get("request_uri"), requestURN) {
		return p.read(r.Context(), form, false)
	}
	pushed, err := p.pull(r.Context(), form)
	if err != nil {
		return nil, err
	}
	return p.read(r.Context(), pushed, true)
}

// whereTo finds out whether a request that is broken in itself names a client and an
// address that may hear of it.
func (p *Provider) whereTo(r *http.Request, broken error) (*request, error) {
	form := url.Values{}
	for _, name := range []string{"client_id", "redirect_uri", "state", "response_mode", "scope"} {
		values := slices.DeleteFunc(slices.Clone(r.URL.Query()[name]), func(v string) bool { return v == "" })
		if len(values) > 1 && (name == "client_id" || name == "redirect_uri") {
			return nil, broken
		}
		if len(values) == 1 {
			form.Set(name, values[0])
		}
	}
	q := &request{form: form}
	if err := p.readHome(r.Context(), q); err != nil {
		return q, err
	}
	return q, broken
}

// resume is GET /authorize/resume?login=ID: the login is over.
func (p *Provider) resume(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("login")
	res, err := p.flows.Result(r.Context(), w, r, id)
	var refusal *flows.Refusal
	switch {
	case errors.Is(err, flows.ErrNotDone):
		http.Redirect(w, r, p.flows.LoginPath(id), http.StatusSeeOther)
		return
	case errors.Is(err, flows.ErrGone):
		p.expired(w, r)
		return
	case errors.As(err, &refusal):
		q, _ := p.reread(r, refusal.Ask)
		p.answerError(w, r, q, refusal)
		return
	case err != nil:
		p.answerError(w, r, nil, err)
		return
	}
	q, err := p.reread(r, res.Ask)
	if err != nil {
		p.answerError(w, r, q, err)
		return
	}
	p.grant(w, r, q, res)
}

// reread checks the request again as it was kept with the login: what the client may
// do can have changed since.
func (p *Provider) reread(r *http.Request, a flows.Ask) (*request, error) {
	form, err := url.ParseQuery(string(a.Request))
	if err != nil {
		return nil, err
	}
	return p.read(r.Context(), form, true)
}

// grant answers with a code for what the login proved.
func (p *Provider) grant(w http.ResponseWriter, r *http.Request, q *request, res *flows.Result) {
	now := p.now()
	s := &session{
		UserID: res.UserID, ClientID: q.client.ID, SID: res.SessionID, ACR: res.ACR, AMR: res.AMR,
		AuthTime: res.AuthTime.Unix(), RequestedAt: res.Ask.RequestedAt.Unix(), Nonce: q.form.Get("nonce"),
		Until: now.Add(q.client.refreshAbsolute()).Unix(), Org: res.Ask.Organization, Own: ownOf(res.Claims),
	}
	if q.client.api != nil {
		s.Audience = q.client.api.Audience
	}
	if q.claims != nil {
		s.Claims = &q.claims.asked
	}
	job := &work{now: now, client: q.client, decision: res.Record}
	ctx := withWork(r.Context(), job)
	q.first.SetID(storage.NewID("req"))
	q.grantScopes(res.Claims)
	for _, audience := range q.first.GetRequestedAudience() {
		q.first.GrantAudience(audience)
	}
	response, err := p.fosite.NewAuthorizeResponse(ctx, q.first, s)
	if err == nil {
		err = job.flush(ctx, p.db)
	}
	if err != nil {
		p.answerError(w, r, q, err)
		return
	}
	p.answer(w, r, q, url.Values{"code": {response.GetParameters().Get("code")}})
}
