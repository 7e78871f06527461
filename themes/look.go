package themes

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// A Look is how an administrator has the site present itself while the provider runs. What
// it leaves out is as in Options.
type Look struct {
	Name string // of the service
	Help string // where people are helped, https:// or mailto:, shown at the foot of pages
	// SupportEmail and SupportURL are where people are helped, for templates of mails.
	SupportEmail, SupportURL string
	// Languages are those that pages speak, of Renderer.Languages; the first is said where
	// none fits.
	Languages []string
	// Primary is the colour of buttons and links, Canvas that of the page around the card:
	// #rrggbb. On dark screens there are our own shades, in the hue of Primary.
	Primary, Canvas string
	// Logo stands at the foot of pages; LogoType is its kind, ".png".
	Logo     []byte
	LogoType string
}

// look is a Look, ready to be worn.
type look struct {
	name, help string

	supportEmail, supportURL string
	assets                   *assets
	langs                    []string // the one to fall back to first
	matcher                  language.Matcher
}

// SetLook has pages and mails look like l from now on.
//
// Errors: those of [Renderer.Try]; then nothing has changed.
func (r *Renderer) SetLook(l Look) error {
	made, err := r.tailor(l)
	if err != nil {
		return err
	}
	r.look.Store(made)
	return nil
}

// Try says what is wrong with a look: a colour on which a text could not be read, a
// language without words, a logo that is no picture.
func (r *Renderer) Try(l Look) error {
	_, err := r.tailor(l)
	return err
}

func (r *Renderer) tailor(l Look) (*look, error) {
	made := &look{name: r.brand.Name, help: l.Help, supportEmail: l.SupportEmail, supportURL: l.SupportURL, assets: r.assets, langs: r.words.langs, matcher: r.words.matcher}
	if l.Name != "" {
		made.name = l.Name
	}
	if len(l.Languages) > 0 {
		var tags []language.Tag
		for _, lang := range l.Languages {
			if r.words.said[lang] == nil {
				return nil, fmt.Errorf("pages do not speak %q; they speak %s", lang, strings.Join(r.words.langs, ", "))
			}
			tags = append(tags, language.MustParse(lang))
		}
		made.langs, made.matcher = l.Languages, language.NewMatcher(tags)
	}
	if l.Primary == "" && l.Canvas == "" && l.Logo == nil {
		return made, nil
	}
	var err error
	made.assets, err = r.assets.wear(l)
	return made, err
}

// wear is the assets with a look's colours and logo.
func (a *assets) wear(l Look) (*assets, error) {
	worn := &assets{files: maps.Clone(a.files), logo: a.logo}
	css := bytes.NewBuffer(slices.Clone(a.files["app.css"].data))
	css.WriteString("\n@layer tenant{:root{")
	if l.Primary != "" {
		rgb, ok := parseColour(l.Primary)
		if !ok {
			return nil, fmt.Errorf("%q is no colour; write it as #0059d6", l.Primary)
		}
		_, chroma, hue := toOKLCH(rgb)
		fmt.Fprintf(css, "--hue:%.0f;--accent:light-dark(%s, oklch(0.77 %.3f %.0f));", hue, l.Primary, min(chroma, 0.12), hue)
	}
	if l.Canvas != "" {
		if _, ok := parseColour(l.Canvas); !ok {
			return nil, fmt.Errorf("%q is no colour; write it as #ffffff", l.Canvas)
		}
		fmt.Fprintf(css, "--canvas:light-dark(%s, oklch(0.165 0.012 var(--hue)));", l.Canvas)
	}
	css.WriteString("}}\n")
	if err := checkContrast(css.String()); err != nil {
		return nil, err
	}
	worn.add("app.css", css.Bytes())
	if l.Logo != nil {
		if why := pictureFault(l.Logo, l.LogoType); why != "" {
			return nil, fmt.Errorf("the logo %s", why)
		}
		worn.logo = "logo" + l.LogoType
		worn.add(worn.logo, l.Logo)
	}
	return worn, nil
}

// logoTypes are the kinds of pictures that a logo may be.
var logoTypes = []string{".svg", ".png", ".jpg", ".webp"}

// LogoType is the kind of a logo by its media type, "" for what is none.
func LogoType(media string) string {
	i := slices.IndexFunc(logoTypes, func(ext string) bool { return mediaTypes[ext] == media })
	if i < 0 {
		return ""
	}
	return logoTypes[i]
}

// pictureFault is what is wrong with a picture, "" for nothing.
func pictureFault(data []byte, ext string) string {
	kind := mediaTypes[ext]
	switch {
	case !slices.Contains(logoTypes, ext):
		return "has to be SVG, PNG, JPEG or WebP"
	case len(data) > maxLogo:
		return fmt.Sprintf("has %d KiB; at most %d are allowed", len(data)>>10, maxLogo>>10)
	case ext == ".svg" && !bytes.Contains(data, []byte("<svg")), ext != ".svg" && http.DetectContentType(data) != kind:
		return "is not " + kind + " as its address says"
	}
	return ""
}

// toOKLCH is fromOKLCH the other way round: lightness, chroma, and hue in degrees.
func toOKLCH(rgb [3]float64) (lightness, chroma, hue float64) {
	l := math.Cbrt(0.4122214708*rgb[0] + 0.5363325363*rgb[1] + 0.0514459929*rgb[2])
	m := math.Cbrt(0.2119034982*rgb[0] + 0.6806995451*rgb[1] + 0.1073969566*rgb[2])
	s := math.Cbrt(0.0883024619*rgb[0] + 0.2817188376*rgb[1] + 0.6299787005*rgb[2])
	a := 1.9779984951*l - 2.4285922050*m + 0.4505937099*s
	b := 0.0259040371*l + 0.7827717662*m - 0.8086757660*s
	hue = math.Atan2(b, a) * 180 / math.Pi
	if hue < 0 {
		hue += 360
	}
	return 0.2104542553*l + 0.7936177850*m - 0.0040720468*s, math.Hypot(a, b), hue
}

// Help is where people are helped, empty where nobody says.
func (p *page) Help() string { return p.r.look.Load().help }
