package flows

import (
	"net/http"
	"net/url"

	"github.com/sallyport-id/sallyport/flows/risk"
)

// A happening is the request as scripts see it.
type happening struct {
	ip, agent, host, method, language string
	query, body                       map[string]string
	place                             *risk.Place
}

func (e *Engine) requestOf(r *http.Request, l *login, back url.Values) happening {
	q := l.parameters()
	q.Del("id_token_hint") // a token of the person's
	q.Del("invitation")    // whoever has it may join
	h := happening{
		ip: e.addressOf(r), agent: r.UserAgent(), host: e.issuer.Host, method: http.MethodGet, language: r.Header.Get("Accept-Language"),
		query: flat(q), body: map[string]string{}, place: l.scene.place,
	}
	if l.state.Ask.Direct == directPassword {
		h.method, h.query, h.body = http.MethodPost, map[string]string{}, flat(q)
	}
	if back != nil {
		h.query = flat(r.URL.Query())
		if h.method = r.Method; r.Method == http.MethodPost {
			h.body = flat(back)
		}
	}
	return h
}

func flat(q url.Values) map[string]string {
	all := make(map[string]string, len(q))
	for name, values := range q {
		if len(values) > 0 {
			all[name] = values[0]
		}
	}
	return all
}
