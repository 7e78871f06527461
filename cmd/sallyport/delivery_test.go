package main

import (
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors/standin"
)

var (
	pageInPicture = regexp.MustCompile(`id="open-page" href="([^"]+)"`)
	numberOnPage  = regexp.MustCompile(`id="number"[^>]*>(\d\d)<`)
)

// Row 48: a vendor's credentials are set and never shown again, and the phone is told
// through that vendor what it can answer.
func TestRow48_PushProviders(t *testing.T) {
	got := make(chan standin.Notified, 4)
	web := httptest.NewUnstartedServer(nil)
	google, credentials, err := standin.NewFCM("http://"+web.Listener.Addr().String(), "demo-project")
	if err != nil {
		t.Fatal(err)
	}
	google.Got = func(n standin.Notified) { got <- n }
	web.Config.Handler = google
	web.Start()
	defer web.Close()
	p := startDev(t, "--set", "factors.push.delivery.fcm.credentials="+credentials, "--set", "factors.push.delivery.fcm.base_url="+web.URL)

	phone, err := standin.NewPhone("An Android phone")
	if err != nil {
		t.Fatal(err)
	}
	phone.Service, phone.Address = "GCM", "registration-token"
	one := p.meet("ada")
	signIn := func() {
		one.fill(map[string]string{"username": one.user.Username, "password": one.user.Password}).submit("")
	}
	one.get(p.ready.App + "signin/mfa")
	signIn()
	one.submit("other").press("factor", "push")
	base, ticket, err := standin.Scan(html.UnescapeString(pageInPicture.FindStringSubmatch(one.body)[1]))
	if err == nil {
		err = phone.Enroll(t.Context(), base, ticket)
	}
	if err != nil {
		t.Fatal(err)
	}
	one.submit("answer")
	one.fill(map[string]string{"saved": "on"}).submit("")

	two := p.meet("ada")
	one = two
	one.get(p.ready.App + "signin/mfa")
	signIn()
	select {
	case n := <-got:
		q, err := phone.Ask(t.Context())
		if err != nil || q == nil || n.Token != phone.Address || n.Data["txtkn"] != q.Token || n.Data["c"] != q.Challenge || n.Data["dai"] != phone.ID {
			t.Errorf("%+v, %+v, %v", n, q, err)
		}
		if err := phone.Approve(t.Context(), q, numberOnPage.FindStringSubmatch(one.body)[1]); err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("the phone is not told:\n%s", p.output)
	}
	if one.submit("answer"); !strings.HasPrefix(one.at.String(), p.ready.App) || one.status != http.StatusOK {
		t.Errorf("at %s: %s", one.at, one.text())
	}

	// A phone without the app any more is a clear failure with the vendor's word for it.
	google.Unregister(phone.Address)
	three := p.meet("ada")
	one = three
	one.get(p.ready.App + "signin/mfa")
	signIn()
	p.await("the failure in the log", func() bool {
		return strings.Contains(p.run("audit", "list", "--type", "message.failed", "--json"), "UNREGISTERED")
	})
	t.Setenv("SALLYPORT_FACTORS_PUSH_DELIVERY_FCM_CREDENTIALS", credentials)
	t.Setenv("SALLYPORT_FACTORS_PUSH_WEB_PUSH_PRIVATE_KEY", "s3cret-of-web-push")
	out, _ := runVerb(t, "config", "print")
	if strings.Contains(out, "PRIVATE KEY") || strings.Contains(out, "s3cret-of-web-push") || strings.Contains(p.output.String(), phone.Address) {
		t.Errorf("a secret is shown: %s", out)
	}
}
