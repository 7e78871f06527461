package themes

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

const maxLogo = 256 << 10

// mediaTypes are the kinds of files that assets/ may hold. The list is closed, so an
// operator's backup copy is not published by accident.
var mediaTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp", ".ico": "image/x-icon",
}

// assets are the files of assets/, each under an address that holds its hash.
type assets struct {
	files map[string]asset
	logo  string // name of the operator's logo, or empty
}

type asset struct {
	data []byte
	hash string
}

func readAssets(files overlay, brand Brand) (*assets, error) {
	names, err := files.list("assets/*")
	if err != nil {
		return nil, err
	}
	a := &assets{files: map[string]asset{}}
	for _, name := range names {
		if mediaTypes[path.Ext(name)] == "" {
			continue
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("themes: %s: %w", name, err)
		}
		a.add(path.Base(name), data)
	}
	if err := a.style(brand.Hue); err != nil {
		return nil, err
	}
	return a, a.readLogo(files, brand.LogoFile)
}

func (a *assets) add(name string, data []byte) {
	sum := sha256.Sum256(data)
	a.files[name] = asset{data: data, hash: hex.EncodeToString(sum[:8])}
}

// style joins the operator's hue and brand.css to app.css as its last layer, so a
// page loads one file and the operator wins without !important.
func (a *assets) style(hue int) error {
	if hue < 0 || hue > 360 {
		return fmt.Errorf("themes: brand hue %d: has to be from 1 to 360, or 0 for the default", hue)
	}
	brand := a.files["brand.css"].data
	if bytes.Contains(brand, []byte("@import")) {
		return fmt.Errorf("themes: assets/brand.css: @import does not work inside a layer; paste the rules instead")
	}
	css := bytes.NewBuffer(append([]byte(nil), a.files["app.css"].data...))
	css.WriteString("\n@layer brand{\n")
	if hue > 0 {
		fmt.Fprintf(css, ":root{--hue:%d}\n", hue)
	}
	css.Write(brand)
	css.WriteString("\n}\n")
	delete(a.files, "brand.css")
	a.add("app.css", squeeze(css.Bytes()))
	if err := checkContrast(css.String()); err != nil {
		return fmt.Errorf("themes: assets/brand.css: %w", err)
	}
	return nil
}

var (
	cssRemark = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssIndent = regexp.MustCompile(`\s*\n\s*`)
	cssAround = regexp.MustCompile(` ?([{};,]) ?`)
)

// squeeze takes out of a style sheet what only its authors read.
func squeeze(css []byte) []byte {
	css = cssIndent.ReplaceAll(cssRemark.ReplaceAll(css, nil), []byte("\n"))
	return cssAround.ReplaceAll(css, []byte("$1"))
}

func (a *assets) readLogo(files overlay, name string) error {
	if name == "" {
		return nil
	}
	var data []byte
	var err error
	if filepath.IsAbs(name) {
		data, err = os.ReadFile(name) //nolint:gosec // the operator's own setting
	} else {
		data, err = fs.ReadFile(files, filepath.ToSlash(name))
	}
	ext := strings.ToLower(filepath.Ext(name))
	switch {
	case err != nil:
		return fmt.Errorf("themes: brand logo: %w; give a path inside themes.dir or an absolute one", err)
	case len(data) > maxLogo:
		return fmt.Errorf("themes: brand logo: %s has %d KiB; at most %d are allowed", name, len(data)>>10, maxLogo>>10)
	case !strings.HasPrefix(mediaTypes[ext], "image/"):
		return fmt.Errorf("themes: brand logo: %s: has to be .svg, .png, .jpg or .webp", name)
	}
	a.logo = "logo" + ext
	a.add(a.logo, data)
	return nil
}

// path is the address of a file below the site's base.
func (a *assets) path(name string) (string, error) {
	f, ok := a.files[name]
	if !ok {
		return "", fmt.Errorf("there is no assets/%s", name)
	}
	return "/assets/" + f.hash + "/" + name, nil
}

// Assets serves GET /assets/<hash>/<file>. An address with the file's present hash
// may be kept for ever. Another hash is answered with the present file, not to be
// kept: while a new version is rolled out, pages of one node ask assets of another.
func (r *Renderer) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		hash, name, _ := strings.Cut(strings.TrimPrefix(req.URL.Path, "/assets/"), "/")
		f, ok := r.look.Load().assets.files[name]
		if !ok {
			http.NotFound(w, req)
			return
		}
		h := w.Header()
		h.Set("Cache-Control", "no-cache")
		if hash == f.hash {
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		h.Set("Content-Type", mediaTypes[path.Ext(name)])
		h.Set("X-Content-Type-Options", "nosniff")
		// An SVG opened by itself is a document: it may do nothing.
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
		h.Set("Etag", `"`+f.hash+`"`)
		http.ServeContent(w, req, name, time.Time{}, bytes.NewReader(f.data))
	})
}

// Path is a path of the site as browsers address it.
func (r *Renderer) Path(path string) string { return r.base + path }

// Asset is a file of assets/, nil where there is none.
func (r *Renderer) Asset(name string) []byte { return r.look.Load().assets.files[name].data }

// AssetPath is where a file of assets/ is served, empty where there is none.
func (r *Renderer) AssetPath(name string) string {
	path, err := r.look.Load().assets.path(name)
	if err != nil {
		return ""
	}
	return r.base + path
}
