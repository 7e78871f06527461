package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

// pageProgram opens the page called name in Chromium and is the person there until it
// says that it is done.
func pageProgram(name string) func(context.Context, *house) ([]Row, error) {
	return func(ctx context.Context, h *house) (rows []Row, err error) {
		packages, err := h.packages(ctx)
		if err != nil {
			return nil, err
		}
		p, err := h.servePages(packages)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, p.close()) }()
		options := append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath("chromium"), chromedp.NoSandbox, chromedp.Flag("lang", "en"),
			chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true),
			chromedp.Flag("disable-popup-blocking", true), chromedp.Flag("ignore-certificate-errors-spki-list", h.cert.spki),
		)
		ctx, stop := chromedp.NewExecAllocator(ctx, options...)
		defer stop()
		ctx, closeTab := chromedp.NewContext(ctx)
		defer closeTab()
		if err := chromedp.Do(ctx, chromedp.Navigate(h.world.SPA+"/"+name)); err != nil {
			return nil, fmt.Errorf("chromium: %w; is it installed? run deploy/testdeps.sh", err)
		}
		failed := h.attend(ctx, p)
		_, said := p.now()
		rows, err = readRows(name, said)
		return rows, errors.Join(failed, err)
	}
}

// look says what the page wants of a person, once a page.
const look = `(() => {
	if (/^(done|failed)/.test(document.title)) return document.title;
	if (window.answered || document.readyState !== "complete") return "";
	for (const name of ["username", "password", "code"]) if (document.querySelector("input[name=" + name + "]")) return name;
	for (const id of ["consent-allow", "logout-yes"]) if (document.getElementById(id)) return id;
	return "";
})()`

// attend looks at the page and does what it asks for, until it is done.
func (h *house) attend(ctx context.Context, p *pages) error {
	last, since := "", time.Now()
	for {
		asked, err := chromedp.Run(ctx, chromedp.Evaluate[string](look))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil: // the page is changing
		case asked == "done":
			return nil
		case strings.HasPrefix(asked, "failed"):
			return errors.New(asked)
		case asked != "":
			if err := h.answer(ctx, p, asked); err != nil {
				return err
			}
		}
		_, rows := p.now()
		if state := asked + string(rows); state != last {
			last, since = state, time.Now()
		}
		if time.Since(since) > 70*time.Second { // SDKs give up after 60
			at, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`)) // for the message
			return fmt.Errorf("nothing happens at %s", at)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// answer fills the form in, as whoever is at the browser, and sends it.
func (h *house) answer(ctx context.Context, p *pages, asked string) error {
	name, _ := p.now()
	who := h.world.People[name]
	fields := map[string]string{}
	switch asked {
	case "username":
		fields["username"], fields["password"] = who.Username, who.Password
	case "password":
		fields["password"] = who.Password
	case "code":
		shown, err := h.desk.code(ctx, codeWanted{who.TOTP})
		if err != nil {
			return err
		}
		fields["code"] = shown.Code
	}
	script := "window.answered = true;"
	for field, value := range fields {
		script += fmt.Sprintf("document.querySelector('input[name=%s]').value = %q;", field, value)
	}
	button := asked
	if len(fields) > 0 {
		button = "continue"
	}
	_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script+fmt.Sprintf("document.getElementById(%q).click(); true", button)))
	return err
}
