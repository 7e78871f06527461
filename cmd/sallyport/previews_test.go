package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var previewLink = regexp.MustCompile(`href="(/preview/[a-z_]+/[a-z_.]+\?lang=[A-Za-z-]+)"`)

// TestPreviews opens every page in every state in Chromium: in English, and in the
// language that is longer and runs the other way. On the narrowest phone nothing
// sticks out, every field has a name, every button can be hit by a thumb. With -shots
// it leaves pictures, at 390 and 1280 px, light and dark.
func TestPreviews(t *testing.T) {
	p := startDev(t)
	b := openChromium(t, true)
	b.size(320)
	for _, link := range previewLinks(t, p) {
		b.open(strings.TrimSuffix(p.ready.Issuer, "/") + link)
		faults, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](faultsOfPage()))
		if err != nil || len(faults) > 0 {
			t.Errorf("%s %s (%v)", link, strings.Join(faults, ", "), err)
		}
		if *shots != "" && strings.HasSuffix(link, "=en") {
			b.portrait(strings.NewReplacer("/preview/", "", "/", "-", "?lang=en", "").Replace(link))
			b.size(320)
		}
	}
}

// faultsOfPage is a script that lists what is wrong with the page it runs on.
func faultsOfPage() string {
	list := strings.Builder{}
	for what, right := range map[string]string{
		"sticks out to the side":                      `document.documentElement.scrollWidth <= innerWidth`,
		"has a field without a label":                 `[...document.querySelectorAll("input:not([type=hidden]):not([hidden])")].every(e => e.labels.length || e.ariaLabel)`,
		"has a button that is too small (WCAG 2.5.8)": `[...document.querySelectorAll("button,a.primary,a.secondary")].filter(e => e.offsetParent).every(e => e.getBoundingClientRect().height >= 24)`,
		"has not one heading":                         `document.querySelectorAll("h1").length === 1`,
		"has no language":                             `document.documentElement.lang !== "" && document.documentElement.dir !== ""`,
		"has a title that is not its own":             `document.title.includes(document.querySelector("h1").textContent.trim())`,
		"has an id twice":                             `[...document.querySelectorAll("[id]")].every((e, i, all) => all.filter(o => o.id === e.id).length === 1)`,
		"names what is not there":                     `[...document.querySelectorAll("[aria-describedby],[aria-labelledby]")].every(e => ((e.getAttribute("aria-describedby") || "") + " " + (e.getAttribute("aria-labelledby") || "")).trim().split(/ +/).every(id => document.getElementById(id)))`,
	} {
		fmt.Fprintf(&list, "[%q, () => %s],", what, right)
	}
	return "[" + list.String() + "].filter(([, right]) => !right()).map(([what]) => what)"
}

func previewLinks(t *testing.T, p *process) []string {
	t.Helper()
	res, err := http.Get(p.ready.Issuer + "preview") //nolint:noctx // ends with the process
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	list, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var links []string
	for _, m := range previewLink.FindAllStringSubmatch(string(list), -1) {
		// form_post sends itself off at once.
		if !strings.Contains(m[1], "form_post") && (strings.HasSuffix(m[1], "=en") || strings.HasSuffix(m[1], "=ar-XB")) {
			links = append(links, m[1])
		}
	}
	if len(links) < 80 {
		t.Fatalf("%d previews are listed", len(links))
	}
	return links
}

func (b *tab) size(width int64) {
	b.t.Helper()
	b.do("resize", chromedp.EmulateViewport(width, 844))
}

// portrait takes a page at both widths in both schemes.
func (b *tab) portrait(name string) {
	b.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		for _, width := range []struct {
			px   int64
			name string
		}{{390, "390"}, {1280, "1280"}} {
			b.size(width.px)
			png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
			if err != nil {
				b.t.Fatal(err)
			}
			path := filepath.Join(*shots, "page-"+name+"-"+scheme+"-"+width.name+".png")
			if err := os.WriteFile(path, png, 0o600); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	b.scheme("light")
}

func (b *tab) scheme(value string) {
	b.t.Helper()
	params := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}}}
	if _, err := chromedp.Call(context.WithoutCancel(b.ctx), emulation.SetEmulatedMedia, params); err != nil {
		b.t.Fatal(err)
	}
}
