package device

import (
	"encoding/json"
	"net/http"

	"github.com/sallyport-id/sallyport/themes"
)

// mountPage adds the web authenticator: a page that keeps a key in the browser, and
// what makes it an app that can be installed and notified.
func (p *Provider) mountPage(browser *http.ServeMux) {
	browser.HandleFunc("GET /authenticator", p.page)
	browser.HandleFunc("GET /authenticator/worker.js", p.worker)
	browser.HandleFunc("GET /authenticator/manifest.webmanifest", p.manifest)
}

func (p *Provider) page(w http.ResponseWriter, r *http.Request) {
	lang := p.pages.Match(nil, "", r.Header.Get("Accept-Language"))
	p.pages.Render(w, http.StatusOK, themes.Authenticator{
		Frame: themes.Frame{Lang: lang, Client: themes.Client{Name: p.name}},
		Site:  p.site, Path: bases[0], Key: p.key(),
	})
}

// worker is the service worker. It stands below the page, because it may rule over
// nothing else, and is looked up anew each time, because browsers compare its bytes.
func (p *Provider) worker(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Service-Worker-Allowed", p.pages.Path("/authenticator"))
	h.Set("Content-Security-Policy", "default-src 'none'; connect-src 'self'")
	_, _ = w.Write(p.pages.Asset("authenticator-worker.js")) // the browser has gone
}

// manifest is the Web App Manifest (W3C).
func (p *Provider) manifest(w http.ResponseWriter, r *http.Request) {
	lang := p.pages.Match(nil, "", r.Header.Get("Accept-Language"))
	w.Header().Set("Content-Type", "application/manifest+json")
	w.Header().Set("Cache-Control", "no-cache")
	_ = json.NewEncoder(w).Encode(map[string]any{ // the browser has gone
		"id": p.pages.Path("/authenticator"), "name": p.name, "short_name": p.name, "lang": lang,
		"description": p.pages.T(lang, "authenticator.about", nil),
		"start_url":   p.pages.Path("/authenticator"), "scope": p.pages.Path("/authenticator"), "display": "standalone",
		"icons": []map[string]string{
			{"src": p.pages.AssetPath("icon.svg"), "type": "image/svg+xml", "sizes": "any", "purpose": "any"},
			{"src": p.pages.AssetPath("icon-512.png"), "type": "image/png", "sizes": "512x512", "purpose": "any"},
			{"src": p.pages.AssetPath("icon-192.png"), "type": "image/png", "sizes": "192x192", "purpose": "any"},
		},
	})
}
