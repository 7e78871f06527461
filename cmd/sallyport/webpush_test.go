package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	cdp "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/push"
	"github.com/sallyport-id/sallyport/factors/standin"
)

// openPushChromium starts a browser whose push service is the stand-in, and whose
// person lets every site notify them.
func openPushChromium(t *testing.T, service *standin.PushService) *tab {
	t.Helper()
	web := httptest.NewServer(service)
	t.Cleanup(web.Close)
	switches, stop, err := service.ForChromium(web.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	b := openChromium(t, true, switches)
	allow := cdp.SetPermissionParams{Permission: &cdp.PermissionDescriptor{Name: "notifications"}, Setting: cdp.PermissionSettingGranted}
	if _, err := chromedp.Call(b.ctx, cdp.SetPermission, allow); err != nil {
		t.Fatal(err)
	}
	return b
}

// await is what a promise of the page becomes.
func (b *tab) await(script string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v\non the page: %s", script, err, b.page())
	}
	return got
}

// A site with a page that subscribes, and a worker that tells what it was sent.
func pushedSite(t *testing.T) (address string, told <-chan string) {
	t.Helper()
	tell := make(chan string, 8)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><title>A site</title>")
	})
	mux.HandleFunc("GET /worker.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, `self.addEventListener("push", e => e.waitUntil(Promise.all([
			self.registration.showNotification(e.data.json().title),
			fetch("/told", {method: "POST", body: e.data.text()}),
		])))`)
	})
	mux.HandleFunc("POST /told", func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		tell <- string(body)
	})
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	return site.URL + "/", tell
}

// A real browser subscribes at the stand-in, is sent to by our sender, and its worker
// reads the message: with the page open, without it, and not once it has unsubscribed.
func TestChromiumPush(t *testing.T) {
	service := &standin.PushService{}
	web := httptest.NewServer(service)
	defer web.Close()
	key, err := push.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	config := push.WebPush{
		PrivateKey: key, Subject: "mailto:admin@acme.example", BaseURL: web.URL,
		Services: []string{"fcm.googleapis.com", "jmt17.google.com"}, // of a build by Google, and by others
	}
	public, err := config.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	b := openPushChromium(t, service)
	site, told := pushedSite(t)
	b.open(site)
	subscription := b.await(`(async () => {
		await navigator.serviceWorker.register("/worker.js")
		const worker = await navigator.serviceWorker.ready
		return JSON.stringify(await worker.pushManager.subscribe({userVisibleOnly: true, applicationServerKey: "` + public + `"}))
	})()`)
	arrives := func(title string) {
		t.Helper()
		if err := config.Try(t.Context(), subscription, title); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-told:
			if !strings.Contains(got, `"title":"`+title+`"`) {
				t.Errorf("the worker was sent %s", got)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("the message did not arrive")
		}
	}
	arrives("with the page")
	b.open("about:blank")
	arrives("without the page")
	b.open(site)
	b.await(`(async () => {
		const worker = await navigator.serviceWorker.ready
		return String(await (await worker.pushManager.getSubscription()).unsubscribe())
	})()`)
	// The page is told at once, the push service a little later.
	deadline := time.Now().Add(20 * time.Second)
	for err = nil; err == nil && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		err = config.Try(t.Context(), subscription, "to nobody")
	}
	if !errors.Is(err, factors.ErrUndeliverable) {
		t.Errorf("%v, after it has unsubscribed", err)
	}
}
