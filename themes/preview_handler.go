package themes

import (
	"bytes"
	"html/template"
	"net/http"
	"strings"
)

var previewList = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>All pages</title></head><body><h1>All pages</h1>
<ul>{{range $one := .Previews}}
<li>{{.Name}}, {{.State}}:{{range $.Langs}} <a href="{{$.Base}}/preview/{{$one.Name}}/{{$one.State}}?lang={{.}}">{{.}}</a>{{end}}</li>{{end}}
</ul></body></html>
`))

// PreviewHandler shows a list of all pages at /preview, and each at
// /preview/<page>/<state>?lang=<language>; the language ar-XB shows where a page
// would break in a longer one that runs from right to left.
func (r *Renderer) PreviewHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		name, state, one := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(req.URL.Path, "/preview"), "/"), "/")
		if !one {
			r.listPreviews(w)
			return
		}
		for _, p := range Previews(r.now()) {
			if p.Name == name && p.State == state {
				r.showPreview(w, p, req.URL.Query().Get("lang"))
				return
			}
		}
		http.NotFound(w, req)
	})
}

func (r *Renderer) showPreview(w http.ResponseWriter, p Preview, lang string) {
	var buf bytes.Buffer
	if err := r.write(&buf, r.page(p.View, p.Name).in(r.words.known(lang))); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	setHeaders(w.Header(), p.View)
	r.sendPreview(w, buf.Bytes())
}

func (r *Renderer) listPreviews(w http.ResponseWriter) {
	var buf bytes.Buffer
	err := previewList.Execute(&buf, map[string]any{
		"Base": r.base, "Previews": Previews(r.now()), "Langs": append(r.Languages(), pseudo),
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	setHeaders(w.Header(), Failure{})
	r.sendPreview(w, buf.Bytes())
}

func (r *Renderer) sendPreview(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if _, err := w.Write(body); err != nil {
		r.log.Debug("preview not sent", "error", err)
	}
}
