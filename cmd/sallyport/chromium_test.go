package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// shots is where the browser tests leave a picture of every page that they see.
var shots = flag.String("shots", "", "directory for screenshots of the browser tests")

// A tab is one tab of a real Chromium with a profile of its own.
type tab struct {
	t     *testing.T
	ctx   context.Context
	shown int
	name  string // among several tabs of a test
}

// openChromium starts a browser. scripts says whether its pages may run any; switches
// are more of its command line.
func openChromium(t *testing.T, scripts bool, switches ...map[string]string) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("chromium"), chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("lang", "en"), chromedp.DisableGPU,
	)
	for _, some := range switches {
		for name, value := range some {
			options = append(options, chromedp.Flag(name, value))
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	b := &tab{t: t, ctx: ctx}
	// The browser lives as long as the context of its first step.
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank"), chromedp.EmulateViewport(390, 844)); err != nil {
		t.Fatalf("start chromium: %v; is it installed? run deploy/testdeps.sh", err)
	}
	if !scripts {
		params := emulation.SetScriptExecutionDisabledParams{Value: true}
		if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, params); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func (b *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v\non the page: %s", what, err, b.page())
	}
}

// page is what is shown now, for the message of a failure.
func (b *tab) page() string {
	ctx, cancel := context.WithTimeout(b.ctx, 3*time.Second)
	defer cancel()
	address, err := chromedp.Run(ctx, chromedp.Location())
	text, textErr := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
	if err := errors.Join(err, textErr); err != nil {
		return address + "\n" + err.Error()
	}
	return address + "\n" + text
}

func (b *tab) open(address string) *tab {
	b.t.Helper()
	b.do("open "+address, chromedp.Navigate(address))
	return b
}

// see waits for the element that selector finds, and takes the picture.
func (b *tab) see(selector string) *tab {
	b.t.Helper()
	b.do("see "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
	b.picture()
	return b
}

func (b *tab) fill(selector, value string) *tab {
	b.t.Helper()
	b.do("fill "+selector, chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.SendKeys(chromedp.CSS(selector), value))
	return b
}

// tick presses what stays on the page.
func (b *tab) tick(selector string) *tab {
	b.t.Helper()
	b.do("tick "+selector, chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)))
	return b
}

// click presses what leads to another page, and waits for that.
func (b *tab) click(selector string) *tab {
	b.t.Helper()
	return b.leave("click "+selector, func() { b.tick(selector) })
}

// leave does what leads to another page, and waits until that has been loaded.
func (b *tab) leave(what string, do func()) *tab {
	b.t.Helper()
	before := b.loaded()
	do()
	deadline := time.Now().Add(20 * time.Second)
	for now := b.loaded(); now == 0 || now == before; now = b.loaded() {
		if time.Now().After(deadline) {
			b.t.Fatalf("%s: no other page came\non the page: %s", what, b.page())
		}
		time.Sleep(40 * time.Millisecond)
	}
	return b
}

// loaded tells one page from the next: when it began, 0 while it is not complete.
func (b *tab) loaded() float64 {
	ctx, cancel := context.WithTimeout(b.ctx, 2*time.Second)
	defer cancel()
	at, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`document.readyState === "complete" ? performance.timeOrigin : 0`))
	if err != nil {
		return 0
	}
	return at
}

// text is what selector's element says, and an error while the page is changing.
func (b *tab) text(selector string) (string, error) {
	ctx, cancel := context.WithTimeout(b.ctx, 2*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(selector)))
	return strings.TrimSpace(text), err
}

// has reports whether there is an element that selector finds.
func (b *tab) has(selector string) bool {
	b.t.Helper()
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](fmt.Sprintf("document.querySelector(%q) !== null", selector)))
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

// attribute is the value of an attribute of the element that selector finds.
func (b *tab) attribute(selector, name string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.AttributeValue(chromedp.CSS(selector), name))
	if err != nil {
		b.t.Fatalf("%s of %s: %v\non the page: %s", name, selector, err, b.page())
	}
	return value.Value
}

func (b *tab) location() string {
	b.t.Helper()
	address, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		b.t.Fatal(err)
	}
	return address
}

// says waits until selector's text holds want.
func (b *tab) says(selector, want string) *tab {
	b.t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for {
		text, err := b.text(selector)
		if err == nil && strings.Contains(text, want) {
			b.picture()
			return b
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%s says %q (%v), want %q\non the page: %s", selector, text, err, want, b.page())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// picture keeps what is shown at the width of a phone and of a desk, where asked to.
func (b *tab) picture() {
	b.t.Helper()
	if *shots == "" {
		return
	}
	b.shown++
	for _, width := range []int64{390, 1280} {
		b.do("resize", chromedp.EmulateViewport(width, 844))
		png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			b.t.Fatal(err)
		}
		name := strings.NewReplacer("/", "-", " ", "-").Replace(b.t.Name() + b.name)
		path := filepath.Join(*shots, name+"-"+string(rune('a'+b.shown-1))+"-"+map[int64]string{390: "390", 1280: "1280"}[width]+".png")
		if err := os.WriteFile(path, png, 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	b.do("resize", chromedp.EmulateViewport(390, 844))
}

// A phone shows the codes of one authenticator app. It never shows a step twice,
// because a used step is refused, and uses the neighbours that are accepted (±1)
// before it waits. A step stays good for 15 seconds or more after it was shown.
type phone struct {
	t      *testing.T
	secret string
	last   int64
}

func (p *phone) code() string {
	p.t.Helper()
	step := max(p.last+1, (time.Now().Unix()-15)/30)
	for step > time.Now().Unix()/30+1 {
		time.Sleep(200 * time.Millisecond)
	}
	p.last = step
	return totpCode(p.t, p.secret, time.Unix(step*30, 0))
}

// shown is a moment of the step that was shown last.
func (p *phone) shown() time.Time { return time.Unix(p.last*30, 0) }

// wrongCode is six digits that no step near now shows.
func (p *phone) wrongCode() string {
	now, used := time.Now(), map[string]bool{}
	for i := -3; i <= 3; i++ {
		used[totpCode(p.t, p.secret, now.Add(time.Duration(i)*30*time.Second))] = true
	}
	for _, code := range []string{"000000", "111111", "222222", "333333", "444444", "555555", "666666", "777777"} {
		if !used[code] {
			return code
		}
	}
	p.t.Fatal("no wrong code left")
	return ""
}
