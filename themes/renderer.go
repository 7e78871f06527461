package themes

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"sync/atomic"
	texttemplate "text/template"
	"time"
)

// Options say how pages look and in which words they speak.
type Options struct {
	// Dir is the operator's folder, whose files replace ours; empty: none.
	Dir string
	// Words are the factors' own words: each holds <lang>.json or
	// locales/<lang>.json. They may replace ours, and the operator's replace theirs.
	Words []fs.FS
	Brand Brand
	// Base is the path under which the site lives, without a slash at its end; empty
	// for the root. Addresses of assets begin with it.
	Base   string
	Now    func() time.Time // nil: the clock
	Logger *slog.Logger     // nil: slog.Default
}

// Brand is how the operator's service presents itself.
type Brand struct {
	Name string // shown at the foot of pages and mails; empty: "Sallyport"
	// Hue turns all colours: an OKLCH angle from 1 to 360 degrees, 0 for our own.
	Hue int
	// LogoFile is a picture shown above the card: a path inside Dir, or an absolute
	// one. SVG, PNG, JPEG or WebP, at most 256 KiB. Empty: the brand's name.
	LogoFile string
}

// A Renderer writes pages, mails and assets. It is safe for concurrent use, and but for
// what SetTexts, SetLook and SetMailTemplates set does not change after New.
type Renderer struct {
	brand  Brand
	base   string
	now    func() time.Time
	log    *slog.Logger
	words  *words
	assets *assets
	pages  *template.Template     // pages/, parts/ and mail/*.html, by path
	plain  *texttemplate.Template // mail/*.txt, by path
	texts  atomic.Pointer[Texts]
	look   atomic.Pointer[look]
	mails  atomic.Pointer[map[string]*MailTemplate]
}

// New reads every file and checks the contrast of the colours. Where an operator's folder
// replaces some of ours it also checks all pages: those that we ship our tests have
// checked. Its error names the file to mend.
func New(opts Options) (*Renderer, error) {
	files, err := openOverlay(opts.Dir)
	if err != nil {
		return nil, err
	}
	layers := append([]fs.FS{ours}, opts.Words...)
	if len(files) > 1 {
		layers = append(layers, localesOnly{files[0]})
	}
	r := &Renderer{brand: opts.Brand, base: opts.Base, now: opts.Now, log: opts.Logger}
	if r.brand.Name == "" {
		r.brand.Name = "Sallyport"
	}
	if r.now == nil {
		r.now = time.Now
	}
	if r.log == nil {
		r.log = slog.Default()
	}
	if r.words, err = readWords(layers); err != nil {
		return nil, err
	}
	if r.assets, err = readAssets(files, r.brand); err != nil {
		return nil, err
	}
	if err := r.SetLook(Look{}); err != nil {
		return nil, err
	}
	if err := r.parse(files); err != nil {
		return nil, err
	}
	if opts.Dir != "" {
		return r, r.Check()
	}
	return r, nil
}

// localesOnly hides an operator's other .json files from readWords.
type localesOnly struct{ fs.FS }

// Glob implements fs.GlobFS.
func (l localesOnly) Glob(pattern string) ([]string, error) {
	if pattern == "*.json" {
		return nil, nil
	}
	return fs.Glob(l.FS, pattern)
}

// parse reads the templates under their paths, which is how they call one another
// and how an error names them.
func (r *Renderer) parse(files overlay) error {
	r.pages, r.plain = template.New(""), texttemplate.New("")
	for _, pattern := range []string{"parts/*.html", "pages/*.html", "mail/*.html", "mail/*.txt"} {
		names, err := files.list(pattern)
		if err != nil {
			return err
		}
		for _, name := range names {
			text, err := fs.ReadFile(files, name)
			if err != nil {
				return fmt.Errorf("themes: %s: %w", name, err)
			}
			if pattern == "mail/*.txt" {
				_, err = r.plain.New(name).Parse(string(text))
			} else {
				_, err = r.pages.New(name).Parse(string(text))
			}
			if err != nil {
				return fmt.Errorf("themes: %s: %w; mend it, or delete it to use ours", name, err)
			}
		}
	}
	return nil
}

// Check renders every page and mail in every state and language once.
func (r *Renderer) Check() error {
	var buf bytes.Buffer
	for _, lang := range r.words.langs {
		for _, p := range Previews(r.now()) {
			buf.Reset()
			if err := r.write(&buf, r.page(p.View, p.Name).in(lang)); err != nil {
				return fmt.Errorf("themes: page %q, state %q, language %q: %w; mend the file, or delete it to use ours",
					p.Name, p.State, lang, err)
			}
		}
		for _, m := range mailPreviews(r.now()) {
			if _, _, _, err := r.Mail(lang, m); err != nil {
				return fmt.Errorf("%w; mend the file, or delete it to use ours", err)
			}
		}
	}
	return nil
}

// Render writes v as a whole page with its headers. Where v cannot be rendered it
// logs why and writes a plain answer with status 500: never half a page.
func (r *Renderer) Render(w http.ResponseWriter, status int, v View) {
	f := frameOf(v)
	var buf bytes.Buffer
	if err := r.write(&buf, r.page(v, v.Page())); err != nil {
		r.log.Error("page not rendered", "page", v.Page(), "request_id", f.RequestID, "error", err)
		setHeaders(w.Header(), v)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, "Something went wrong on our side. Try again in a moment.\n\nRequest: %s\n", f.RequestID)
		return
	}
	setHeaders(w.Header(), v)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if _, err := w.Write(buf.Bytes()); err != nil {
		r.log.Debug("page not sent", "page", v.Page(), "request_id", f.RequestID, "error", err)
	}
}

func (r *Renderer) write(buf *bytes.Buffer, p *page) error {
	return r.pages.ExecuteTemplate(buf, "pages/"+p.stem+".html", p)
}

// T says the message id in lang. An id without words is logged and said as a general
// sentence, so that a person never reads an id.
func (r *Renderer) T(lang, id string, data map[string]any) string {
	return text(r.sentence(r.words.known(lang), id, data))
}

// sentence is segments with the general sentence as its last resort.
func (r *Renderer) sentence(lang, id string, data map[string]any) []Segment {
	segs, ok := r.words.segments(lang, id, data, r.now())
	if !ok {
		r.log.Warn("message has no words", "id", id, "lang", lang)
		segs, _ = r.words.segments(lang, "notice.unknown", nil, r.now())
	}
	return segs
}
