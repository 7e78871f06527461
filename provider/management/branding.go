package management

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// brandingKind is the kind of the document that keeps the tenant's branding.
const (
	brandingKind = "branding"
	brandingName = "tenant"
)

// branding is what pages wear.
func (a *API) branding() {
	op(a, operation{method: http.MethodGet, path: "/branding", scopes: []string{"read:branding"}, summary: "Colours and logo of the pages"}, a.readBranding)
	op(a, operation{method: http.MethodPatch, path: "/branding", scopes: []string{"update:branding"}, summary: "Change colours and logo of the pages", conflict: true}, a.patchBranding)
}

// A BrandColors are colours of pages.
type BrandColors struct {
	Primary    string `json:"primary,omitempty" pattern:"^#[0-9a-fA-F]{6}$" doc:"of buttons and links on light screens; on dark ones a lighter shade of it"`
	Background string `json:"page_background,omitempty" pattern:"^#[0-9a-fA-F]{6}$" doc:"of the page around the card on light screens; on dark ones our own"`
}

// A brandingView is the branding, as it is stored and as the API shows it.
type brandingView struct {
	Colors *BrandColors `json:"colors,omitempty"`
	Logo   string       `json:"logo_url,omitempty" doc:"a data: address; pages load nothing from other sites"`
}

// look puts the branding onto l.
func (v brandingView) look(l *themes.Look) error {
	v.paint(l)
	return v.sign(l)
}

// paint puts the colours onto l.
func (v brandingView) paint(l *themes.Look) {
	if v.Colors != nil {
		l.Primary, l.Canvas = v.Colors.Primary, v.Colors.Background
	}
}

// sign puts the logo onto l.
func (v brandingView) sign(l *themes.Look) (err error) {
	if v.Logo != "" {
		l.Logo, l.LogoType, err = pictureOf(v.Logo)
	}
	return err
}

// pictureOf reads a picture from a data: address (RFC 2397).
func pictureOf(address string) (data []byte, ext string, err error) {
	head, body, ok := strings.Cut(strings.TrimPrefix(address, "data:"), ",")
	kind, coded := strings.CutSuffix(head, ";base64")
	if ext = themes.LogoType(kind); !ok || !coded || ext == "" {
		return nil, "", errors.New("is no data: address of an SVG, PNG, JPEG or WebP picture in base64")
	}
	if data, err = base64.StdEncoding.DecodeString(body); err != nil {
		return nil, "", errors.New("is no base64 after the comma")
	}
	return data, ext, nil
}

func readBrandingOf(ctx context.Context, db *storage.DB) (*storage.Document, brandingView, error) {
	var v brandingView
	doc, err := readDocument(ctx, db, brandingKind, brandingName, &v)
	return doc, v, err
}

func (a *API) readBranding(ctx context.Context, _ *struct{}) (*body[brandingView], error) {
	_, v, err := readBrandingOf(ctx, a.DB)
	return say(v), err
}

// A BrandingChange are the members that may be set; null has ours again.
type BrandingChange struct {
	Colors  Optional[BrandColors] `json:"colors,omitempty" doc:"a colour that is left out stays"`
	Logo    Optional[string]      `json:"logo_url,omitempty" maxLength:"90000"`
	Favicon Optional[string]      `json:"favicon_url,omitempty" maxLength:"2000" doc:"not done here"`
	Font    Optional[BrandFont]   `json:"font,omitempty" doc:"not done here"`
}

// A BrandFont is a font at another site.
type BrandFont struct {
	URL string `json:"url" maxLength:"2000"`
}

func (a *API) patchBranding(ctx context.Context, in *body[BrandingChange]) (*body[brandingView], error) {
	sent := in.Body
	const elsewhere = "pages load nothing from other sites, so that none learns who signs in; "
	switch {
	case sent.Favicon.Value != "":
		return nil, impossible("favicon_url: " + elsewhere + "put assets/icon.svg into theme.dir")
	case sent.Font.Value.URL != "":
		return nil, impossible("font: " + elsewhere + "put the font and assets/brand.css into theme.dir")
	case sent.Logo.Value != "" && !strings.HasPrefix(sent.Logo.Value, "data:"):
		return nil, impossible("logo_url: " + elsewhere + "send the picture itself, as data:image/png;base64,…")
	}
	var v brandingView
	err := a.change(ctx, storage.Event{Type: "tenant.changed", Data: map[string]any{"branding": true}}, func(ctx context.Context) error {
		doc, now, err := readBrandingOf(ctx, a.DB)
		if err != nil {
			return err
		}
		v = sent.over(now)
		if err := v.check(a.Looks.pages); err != nil {
			return err
		}
		return storeDocument(ctx, a.DB, doc, v)
	})
	if err != nil {
		return nil, err
	}
	a.Looks.changed(ctx)
	return say(v), nil
}

// over is v with what was sent.
func (c BrandingChange) over(v brandingView) brandingView {
	c.Logo.change(&v.Logo)
	switch {
	case c.Colors.Null:
		v.Colors = nil
	case c.Colors.Set:
		colors := c.Colors.Value
		if v.Colors != nil && colors.Primary == "" {
			colors.Primary = v.Colors.Primary
		}
		if v.Colors != nil && colors.Background == "" {
			colors.Background = v.Colors.Background
		}
		v.Colors = &colors
	}
	return v
}

// check refuses a logo that is none, and colours on which a text could not be read.
func (v brandingView) check(pages *themes.Renderer) error {
	var l themes.Look
	if err := v.look(&l); err != nil {
		return invalid("logo_url", err.Error())
	}
	if err := pages.Try(themes.Look{Logo: l.Logo, LogoType: l.LogoType}); err != nil {
		return invalid("logo_url", err.Error())
	}
	if err := pages.Try(themes.Look{Primary: l.Primary}); err != nil {
		return invalid("colors.primary", err.Error())
	}
	if err := pages.Try(l); err != nil {
		return invalid("colors.page_background", err.Error())
	}
	return nil
}
