package themes

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// A pairing is a foreground and a background token that meet on a page, and the
// smallest contrast they may have (WCAG 2.2, 1.4.3 and 1.4.11).
type pairing struct {
	fore, back string
	least      float64
}

var pairings = []pairing{
	{"ink", "surface", 4.5}, {"ink", "canvas", 4.5}, {"ink", "sunk", 4.5},
	{"ink-2", "surface", 4.5}, {"ink-2", "canvas", 4.5}, {"ink-2", "sunk", 4.5},
	{"on-accent", "accent", 4.5}, {"accent", "surface", 4.5}, {"accent", "canvas", 4.5}, {"accent", "sunk", 4.5},
	{"good", "surface", 4.5}, {"warn", "surface", 4.5}, {"bad", "surface", 4.5}, {"bad", "sunk", 4.5},
	{"field", "surface", 3}, {"field", "sunk", 3},
}

var (
	remark      = regexp.MustCompile(`(?s)/\*.*?\*/`)
	declaration = regexp.MustCompile(`--([a-z0-9-]+)\s*:\s*([^;}]+)`)
	lightDark   = regexp.MustCompile(`^light-dark\(\s*(.+\))\s*,\s*(.+)\)$|^light-dark\(\s*(#\w+)\s*,\s*(.+)\)$`)
	oklch       = regexp.MustCompile(`^oklch\(\s*([0-9.]+)(%?)\s+([0-9.]+)\s+([0-9.]+)(?:deg)?\s*\)$`)
)

// checkContrast refuses a style whose tokens make a text unreadable, in light or in
// dark. Only the last declaration of a token counts, as in the cascade.
func checkContrast(css string) error {
	tokens := readTokens(css)
	for _, dark := range []bool{false, true} {
		for _, p := range pairings {
			ratio, err := tokens.contrast(p.fore, p.back, dark)
			if err != nil {
				return err
			}
			if ratio < p.least {
				scheme := map[bool]string{false: "light", true: "dark"}[dark]
				return fmt.Errorf("--%s on --%s has a contrast of %.2f in %s and needs %.1f; move their lightness apart",
					p.fore, p.back, ratio, scheme, p.least)
			}
		}
	}
	return nil
}

// tokens are custom properties by name, with --hue already in its place.
type tokens map[string]string

func readTokens(css string) tokens {
	t := tokens{}
	for _, found := range declaration.FindAllStringSubmatch(remark.ReplaceAllString(css, ""), -1) {
		t[found[1]] = strings.TrimSpace(found[2])
	}
	for name, value := range t {
		t[name] = strings.ReplaceAll(value, "var(--hue)", t["hue"])
	}
	return t
}

// contrast is the ratio of WCAG 2.2 between two tokens, from 1 to 21.
func (t tokens) contrast(fore, back string, dark bool) (float64, error) {
	a, err := t.luminance(fore, dark)
	if err != nil {
		return 0, err
	}
	b, err := t.luminance(back, dark)
	if err != nil {
		return 0, err
	}
	return (max(a, b) + 0.05) / (min(a, b) + 0.05), nil
}

func (t tokens) luminance(name string, dark bool) (float64, error) {
	value := t[name]
	if found := lightDark.FindStringSubmatch(value); found != nil {
		light, night := found[1]+found[3], found[2]+found[4]
		value = light
		if dark {
			value = night
		}
	}
	rgb, ok := parseColour(strings.TrimSpace(value))
	if !ok {
		return 0, fmt.Errorf("--%s: %q is not understood; write oklch(L C H), #rrggbb, or light-dark() of two of them", name, t[name])
	}
	return 0.2126*rgb[0] + 0.7152*rgb[1] + 0.0722*rgb[2], nil
}

// parseColour gives linear sRGB, each channel from 0 to 1.
func parseColour(s string) (rgb [3]float64, ok bool) {
	if found := oklch.FindStringSubmatch(s); found != nil {
		l, _ := strconv.ParseFloat(found[1], 64)
		c, _ := strconv.ParseFloat(found[3], 64)
		h, _ := strconv.ParseFloat(found[4], 64)
		if found[2] == "%" {
			l /= 100
		}
		return fromOKLCH(l, c, h), true
	}
	if len(s) == 4 && s[0] == '#' {
		s = string([]byte{'#', s[1], s[1], s[2], s[2], s[3], s[3]})
	}
	if len(s) != 7 || s[0] != '#' {
		return rgb, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		return rgb, false
	}
	for i := range rgb {
		v := float64(n>>(16-8*i)&0xff) / 255
		if v <= 0.04045 {
			rgb[i] = v / 12.92
		} else {
			rgb[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return rgb, true
}

// fromOKLCH converts by the matrices of CSS Color 4 §10.2 and clips to the gamut, as
// browsers do when they paint.
func fromOKLCH(lightness, chroma, hue float64) [3]float64 {
	a := chroma * math.Cos(hue*math.Pi/180)
	b := chroma * math.Sin(hue*math.Pi/180)
	l := cube(lightness + 0.3963377774*a + 0.2158037573*b)
	m := cube(lightness - 0.1055613458*a - 0.0638541728*b)
	s := cube(lightness - 0.0894841775*a - 1.2914855480*b)
	return [3]float64{
		clip(4.0767416621*l - 3.3077115913*m + 0.2309699292*s),
		clip(-1.2684380046*l + 2.6097574011*m - 0.3413193965*s),
		clip(-0.0041960863*l - 0.7034186147*m + 1.7076147010*s),
	}
}

func cube(x float64) float64 { return x * x * x }
func clip(x float64) float64 { return min(max(x, 0), 1) }
