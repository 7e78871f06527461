package oidc

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/themes"
)

const modeMessage = "web_message"

// callsFrom reports whether a page at origin may act for c: it is one of c's web origins,
// or, where c has none, that of an address which its answers may go to.
func (c *client) callsFrom(at string) bool {
	if !strings.HasPrefix(at, "https://") && !strings.HasPrefix(at, "http://") {
		return false
	}
	if len(c.Settings.WebOrigins) > 0 {
		return slices.Contains(c.Settings.WebOrigins, at)
	}
	return slices.ContainsFunc(c.Metadata.RedirectURIs, func(uri string) bool { return origin(uri) == at })
}

// readMessageMode checks that the answer can go to a window of the client's: of the
// origin that redirect_uri has, which was found good.
func (q *request) readMessageMode() error {
	if !q.client.callsFrom(origin(q.home)) {
		return invalidRequest("response_mode=web_message needs a redirect_uri whose origin is one of the client's web origins.")
	}
	q.mode = modeMessage
	return nil
}

// answerByMessage is draft-sakimura-oauth-wmrm as Auth0's SDKs read it: the page posts
// the answer to the window that opened or frames it. Browsers deliver it to the client's
// origin alone, and let no other frame the page.
func (p *Provider) answerByMessage(w http.ResponseWriter, r *http.Request, q *request, params url.Values) {
	response := map[string]string{}
	for name := range params {
		response[name] = params.Get(name)
	}
	b, err := json.Marshal(response)
	if err != nil {
		p.page(w, r, q, err)
		return
	}
	p.themes.Render(w, http.StatusOK, themes.WebMessage{Frame: p.frame(w, r, q), Origin: origin(q.home), Response: string(b)})
}
