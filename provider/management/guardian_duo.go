package management

import (
	"context"
	"net/http"

	"github.com/sallyport-id/sallyport/factors"
)

// guardianDuo is the application at Duo.
func (a *API) guardianDuo() {
	const at = "/guardian/factors/duo/settings"
	op(a, operation{method: http.MethodGet, path: at, scopes: readFactors, summary: "The application at Duo, without its secret"}, a.readDuo)
	op(a, operation{method: http.MethodPut, path: at, scopes: updateFactors, summary: "Replace the application at Duo", conflict: true}, a.writeDuo(false))
	op(a, operation{method: http.MethodPatch, path: at, scopes: updateFactors, summary: "Change the application at Duo", conflict: true}, a.writeDuo(true))
}

// duo is an application of Duo's type Web SDK.
type duo struct {
	ID     *string `json:"ikey" required:"false" maxLength:"1000"`
	Secret *string `json:"skey,omitempty" maxLength:"1000" doc:"written only: it stays where it is left out and ikey does not change"`
	Host   *string `json:"host" required:"false" maxLength:"1000"`
}

func (a *API) readDuo(context.Context, *struct{}) (*body[duo], error) {
	now := a.Setup.Settings(factors.Duo)
	return say(duo{ID: orNull(now["client_id"]), Host: orNull(now["api_host"])}), nil
}

func (a *API) writeDuo(patch bool) func(context.Context, *body[duo]) (*body[duo], error) {
	return func(ctx context.Context, in *body[duo]) (*body[duo], error) {
		sent := in.Body
		edit := func(now map[string]Setting) map[string]any {
			id := given(patch, sent.ID, now["client_id"])
			return map[string]any{
				"client_id": id, "client_secret": secretOr(sent.Secret, now["client_secret"], id == now["client_id"].Text()),
				"api_host": given(patch, sent.Host, now["api_host"]),
			}
		}
		err := a.Setup.Set(ctx, a.desk(ctx), FactorEdit{factors.Duo, edit})
		sent.Secret = nil
		return say(sent), err
	}
}
