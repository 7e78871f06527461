package themes

import (
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"

	"rsc.io/qr"
)

// quiet is the white border of a QR code in modules (ISO/IEC 18004 §5.3.8).
const quiet = 4

// QR is a code as the data of one SVG path.
type QR struct {
	Size int    // side in modules, border included
	Path string // runs of black modules
}

// QR draws uri. Pages draw it as inline SVG, so the secret in it is in no file and no
// cache.
func (p *page) QR(uri string) (QR, error) {
	code, err := qr.Encode(uri, qr.M)
	if err != nil {
		return QR{}, fmt.Errorf("qr code: %w", err)
	}
	var b strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			if !code.Black(x, y) {
				continue
			}
			run := 1
			for x+run < code.Size && code.Black(x+run, y) {
				run++
			}
			b.WriteString("M" + strconv.Itoa(x+quiet) + " " + strconv.Itoa(y+quiet) + "h" + strconv.Itoa(run) + "v1h-" + strconv.Itoa(run) + "z")
			x += run
		}
	}
	return QR{Size: code.Size + 2*quiet, Path: b.String()}, nil
}

// AppLink is uri as a link for the phone that the page is open on: only otpauth://
// passes, which html/template does not know.
func (p *page) AppLink(uri string) template.URL {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "otpauth" || u.Host == "" {
		return ""
	}
	return template.URL(u.String()) //nolint:gosec // the scheme was checked above
}

// Groups cuts a key into groups of four characters, as people read it out.
func (p *page) Groups(key string) []string {
	var out []string
	for len(key) > 4 {
		out, key = append(out, key[:4]), key[4:]
	}
	return append(out, key)
}
