package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/chromedp/cdproto/emulation"

	"github.com/chromedp/chromedp"
)

// args: out name=url ...
func main() {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"), chromedp.NoSandbox, chromedp.Flag("lang", "en"))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	ctx, c := chromedp.NewContext(ctx)
	defer c()
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		panic(err)
	}
	for _, arg := range os.Args[2:] {
		name, url, _ := strings.Cut(arg, "=")
		for _, width := range []int64{390, 1280} {
			for _, scheme := range []string{"light", "dark"} {
				_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
				if err != nil {
					panic(err)
				}
				if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 844), chromedp.Navigate(url)); err != nil {
					panic(err)
				}
				time.Sleep(200 * time.Millisecond)
				h, err := chromedp.Run(ctx, chromedp.Evaluate[int64](`document.documentElement.scrollHeight`))
				sw, err := chromedp.Run(ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`))
				if sw > width {
					fmt.Println("SIDEWAYS", name, width, sw)
				}
				chromedp.Do(ctx, chromedp.EmulateViewport(width, max(h, 844)))
				png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
				if err != nil {
					panic(err)
				}
				os.WriteFile(fmt.Sprintf("%s/%s-%d-%s.png", os.Args[1], name, width, scheme), png, 0o600)
			}
		}
	}
}
