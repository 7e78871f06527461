package management

import (
	"context"
	"net/http"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// userMFA helps people who have lost something.
func (a *API) userMFA() {
	update := []string{"update:users"}
	op(a, operation{method: http.MethodDelete, path: "/users/{id}/authenticators", scopes: []string{"delete:guardian_enrollments"}, summary: "Remove all second factors", status: http.StatusNoContent, missing: true, conflict: true}, a.removeAll)
	op(a, operation{method: http.MethodDelete, path: "/users/{id}/multifactor/{provider}", scopes: update, summary: "Remove what a user has of a provider", status: http.StatusNoContent, missing: true, conflict: true}, a.removeProvider)
	op(a, operation{method: http.MethodPost, path: "/users/{id}/multifactor/actions/invalidate-remember-browser", scopes: update, summary: "Ask again in all browsers", status: http.StatusNoContent, missing: true}, a.forgetBrowsers)
	op(a, operation{method: http.MethodPost, path: "/users/{id}/recovery-code-regeneration", scopes: update, summary: "Replace the recovery codes by a new one", missing: true, conflict: true}, a.newRecoveryCode)
	op(a, operation{method: http.MethodPost, path: "/users/{id}/risk-assessments/clear", scopes: update, summary: "Forget the devices and places that are known of a user", status: http.StatusNoContent, missing: true}, a.clearAssessments)
}

func (a *API) removeProvider(ctx context.Context, in *struct {
	UserPath
	Provider string `path:"provider" enum:"duo,google-authenticator"`
},
) (*struct{}, error) {
	name := map[string]string{"duo": factors.Duo, "google-authenticator": factors.OTP}[in.Provider]
	return nil, a.removeWhere(ctx, in.ID, func(one *storage.Authenticator) bool { return one.Factor == name })
}

func (a *API) forgetBrowsers(ctx context.Context, in *UserPath) (*struct{}, error) {
	u, err := a.userByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.change(ctx, storage.Event{Type: "browser.revoked", UserID: u.ID, Data: map[string]any{"all": true}}, func(ctx context.Context) error {
		return a.DB.DeleteBrowsers(ctx, u.ID)
	})
}

type recoveryCode struct {
	Code string `json:"recovery_code" doc:"good once, and shown once"`
}

// newRecoveryCode gives one code, as Auth0 does, where a person that sets codes up by
// themselves gets ten.
func (a *API) newRecoveryCode(ctx context.Context, in *UserPath) (*body[recoveryCode], error) {
	u, err := a.userByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	f, ok := a.Factors.Get(factors.RecoveryCode).(factors.Single)
	if !ok {
		return nil, impossible("there are no recovery codes here")
	}
	one, code, err := f.One(factors.Subject{UserID: u.ID, Now: a.Now().UTC()}, nil)
	if err != nil {
		return nil, err
	}
	list, err := a.DB.Authenticators(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	h := &flows.Handover{Add: []*storage.Authenticator{one}}
	for _, old := range list {
		if old.Factor == factors.RecoveryCode {
			h.Remove = append(h.Remove, old)
		}
	}
	if err := a.handOver(ctx, u, h); err != nil {
		return nil, err
	}
	return say(recoveryCode{code}), nil
}

func (a *API) clearAssessments(ctx context.Context, in *struct {
	UserPath
	Body struct {
		Connection string   `json:"connection" maxLength:"128"`
		Assessors  []string `json:"assessors" enum:"new-device" minItems:"1" maxItems:"1" nullable:"false"`
	}
},
) (*struct{}, error) {
	u, err := a.userByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if in.Body.Connection != a.Connection {
		return nil, invalid("connection", "the users are in "+a.Connection)
	}
	return nil, a.change(ctx, storage.Event{Type: "risk.cleared", UserID: u.ID}, func(ctx context.Context) error {
		return a.DB.ForgetHistory(ctx, u.ID)
	})
}
