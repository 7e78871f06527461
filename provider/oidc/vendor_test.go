package oidc_test

import (
	"html"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/duo"
	"github.com/sallyport-id/sallyport/factors/standin"
	"github.com/sallyport-id/sallyport/flows/policy"
)

// openDuo is the house's account at Duo.
func openDuo(t *testing.T) (*standin.Duo, *duo.Config) {
	t.Helper()
	d := &standin.Duo{ClientID: "DI000000000000000000", ClientSecret: strings.Repeat("s", 40), APIHost: "api-1.duosecurity.example"}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	c := duo.Defaults()
	c.ClientID, c.ClientSecret, c.APIHost, c.BaseURL = d.ClientID, d.ClientSecret, d.APIHost, server.URL
	return d, c
}

var leaves = regexp.MustCompile(`id="continue" href="([^"]+)"`)

// atDuo goes to the prompt of the page and answers it. It returns where the browser is
// sent back to.
func (p *page) atDuo(answer string) string {
	p.b.h.t.Helper()
	m := leaves.FindStringSubmatch(p.body)
	if m == nil {
		p.b.h.t.Fatalf("no way to Duo: %s", p.body)
	}
	at, err := url.Parse(html.UnescapeString(m[1]))
	p.b.h.must(err)
	request := at.Query().Get("request")
	at.RawQuery = ""
	res, err := p.b.http.PostForm(at.String(), url.Values{"request": {request}, "factor": {answer}})
	p.b.h.must(err)
	_ = res.Body.Close()
	return res.Header.Get("Location")
}

func regressionB22(t *testing.T) {
	h := build(t, plan{policy: policy.Always, factors: []string{factors.Duo}})
	h.person("bob")
	ada, bob := h.browser(), h.browser()
	pa, pb := ada.begin(h.ask("web")).name(h, "ada"), bob.begin(h.ask("web")).name(h, "bob")
	pa, pb = pa.press("enroll", "factor", factors.Duo), pb.press("enroll", "factor", factors.Duo)
	back, foreign := pa.atDuo("duo_push"), pb.atDuo("duo_push")
	if got := ada.get(foreign); got.home || got.status != 410 {
		t.Errorf("the answer of another login: status %d", got.status)
	}
	mixed, err := url.Parse(back)
	h.must(err)
	other, err := url.Parse(foreign)
	h.must(err)
	q := mixed.Query()
	q.Set("duo_code", other.Query().Get("duo_code"))
	mixed.RawQuery = q.Encode()
	if got := ada.get(mixed.String()); got.home {
		t.Error("the code of another person was taken")
	}
	if got := h.browser().get(back); got.home || got.status != 410 {
		t.Errorf("the answer in another browser: status %d", got.status)
	}
	if got := ada.get(back); !got.home {
		t.Fatalf("the right answer: %d %q", got.status, got.title())
	}
	if got := ada.get(back); got.home && got.answer().Has("code") {
		t.Error("the same answer again")
	}
}
