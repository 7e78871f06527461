// Package reference shows people how the HTTP APIs are called: a page for each, made of
// the OpenAPI document that comes of the calls which the API serves.
//
// It knows OpenAPI and the pages of themes, and no API.
package reference

import (
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport-id/sallyport/themes"
)

// An API is one to show. Its page is at Base/docs, its document at Base/openapi.json.
type API struct {
	Base     string // a path below the issuer's, without a slash at its end
	Document func() *huma.OpenAPI
}

// Mount adds the page of every API to browser. The documents have to be complete when
// somebody asks for the first page.
func Mount(browser *http.ServeMux, pages *themes.Renderer, apis ...API) {
	for _, api := range apis {
		groups := sync.OnceValue(func() []themes.CallGroup { return groupsOf(api.Document()) })
		browser.HandleFunc("GET "+api.Base+"/docs", func(w http.ResponseWriter, r *http.Request) {
			pages.Render(w, http.StatusOK, themes.Reference{
				Frame: themes.Frame{Lang: pages.Match(nil, "", r.Header.Get("Accept-Language"))},
				Title: api.Document().Info.Title, Document: pages.Path(api.Base + "/openapi.json"), Groups: groups(),
			})
		})
	}
}
