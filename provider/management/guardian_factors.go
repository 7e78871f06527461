package management

import (
	"context"
	"net/http"
	"slices"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

var (
	readFactors   = []string{"read:guardian_factors"}
	updateFactors = []string{"update:guardian_factors"}
)

// guardianNames are Auth0's factors, in the order in which it lists them. Theirs called sms
// is ours of texts and calls.
var guardianNames = []string{
	factors.SMS, "push-notification", factors.OTP, factors.Email, factors.Duo, factors.Roaming, factors.Platform, factors.RecoveryCode,
}

// ofGuardian are our factors that are one of Auth0's.
func ofGuardian(name string) []string {
	switch name {
	case factors.SMS:
		return []string{factors.SMS, factors.Voice}
	case "push-notification":
		return []string{factors.Push}
	}
	return []string{name}
}

// guardianFactors are the factors that people may use.
func (a *API) guardianFactors() {
	op(a, operation{method: http.MethodGet, path: "/guardian/factors", scopes: readFactors, summary: "The factors, and which of them are enabled"}, a.listFactors)
	op(a, operation{method: http.MethodPut, path: "/guardian/factors/{name}", scopes: updateFactors, summary: "Enable or disable a factor for everybody", conflict: true}, a.switchFactor)
}

// A guardianFactor is a factor as Auth0 lists one.
type guardianFactor struct {
	Name    string `json:"name"`
	Enabled bool   `json:"enabled"`
	Expired bool   `json:"trial_expired" doc:"always false: nothing here is a trial"`
}

// body is an answer or a request that is nothing but a body.
type body[T any] struct{ Body T }

func say[T any](v T) *body[T] { return &body[T]{v} }

func (a *API) listFactors(ctx context.Context, _ *struct{}) (*body[[]guardianFactor], error) {
	s, err := a.DB.Settings(ctx)
	if err != nil {
		return nil, err
	}
	list := []guardianFactor{}
	for _, name := range guardianNames {
		list = append(list, guardianFactor{Name: name, Enabled: anyOf(s.Factors, ofGuardian(name))})
	}
	return say(list), nil
}

func anyOf(enabled, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(enabled, name) })
}

// switched is whether a factor is enabled.
type switched struct {
	Enabled bool `json:"enabled"`
}

// switchFactor enables a factor whether or not it is set up yet, because deploy tools set
// it up afterwards: until it is, nobody is offered it.
func (a *API) switchFactor(ctx context.Context, in *struct {
	Name string `path:"name" enum:"sms,push-notification,otp,email,duo,webauthn-roaming,webauthn-platform,recovery-code"`
	Body switched
},
) (*body[switched], error) {
	on, off := []string{}, ofGuardian(in.Name)
	if in.Body.Enabled {
		on = off
		if in.Name == factors.SMS {
			phone, err := a.phone(ctx)
			if err != nil {
				return nil, err
			}
			on = phone.factors()
		}
		off = nil
	}
	if err := a.switchFactors(ctx, on, off); err != nil {
		return nil, err
	}
	return say(in.Body), nil
}

// switchFactors enables some factors and disables others; those that are so already leave
// no trace.
func (a *API) switchFactors(ctx context.Context, on, off []string) error {
	d := a.desk(ctx)
	return a.DB.Tx(ctx, func(ctx context.Context) error {
		s, err := a.DB.Settings(ctx)
		if err != nil {
			return err
		}
		for _, name := range on {
			if slices.Contains(s.Factors, name) {
				continue
			}
			e := storage.Event{Type: "factor.enabled", Data: map[string]any{"factor": name}}
			if _, err := d.ChangeSettings(ctx, e, func(s *storage.Settings) error { return d.SwitchOn(s, name) }); err != nil {
				return err
			}
		}
		for _, name := range off {
			if !slices.Contains(s.Factors, name) {
				continue
			}
			e := storage.Event{Type: "factor.disabled", Data: map[string]any{"factor": name}}
			if _, err := d.ChangeSettings(ctx, e, func(s *storage.Settings) error { SwitchOff(s, name); return nil }); err != nil {
				return err
			}
		}
		return nil
	})
}
