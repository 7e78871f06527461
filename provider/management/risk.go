package management

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// attackProtection is what is done about strangers. Most of it is in the configuration,
// because a limit that can be lifted over the network is none: that is answered as it is,
// and a change of it is refused.
func (a *API) attackProtection() {
	readIt, updateIt := []string{"read:attack_protection"}, []string{"update:attack_protection"}
	const settings = "/risk-assessments/settings"
	op(a, operation{method: http.MethodGet, path: settings, scopes: readIt, summary: "Whether every sign-in's risk is assessed"}, a.readAssessing)
	op(a, operation{method: http.MethodPatch, path: settings, scopes: updateIt, summary: "Say whether every sign-in's risk is assessed", conflict: true}, a.patchAssessing)
	configured(a, settings+"/new-device", "how long a device stays known", "risk.assess.remember_for", readIt, updateIt, func() newDevice {
		return newDevice{int(a.Flows.DevicesKnownFor() / (24 * time.Hour))}
	})
	const protection = "/attack-protection/"
	configured(a, protection+"brute-force-protection", "wrong passwords for one person", "login.limits.password_user_address", readIt, updateIt, func() bruteForce {
		return bruteForce{Enabled: true, Shields: []string{"block"}, Allowlist: []string{}, Mode: "count_per_identifier_and_ip", Attempts: a.Flows.Limits().PasswordUserAddress.Burst}
	})
	configured(a, protection+"suspicious-ip-throttling", "wrong passwords from one address", "login.limits.password_address", readIt, updateIt, func() throttling {
		l := a.Flows.Limits().PasswordAddress
		return throttling{Enabled: true, Shields: []string{"block"}, Allowlist: []string{}, Stage: map[string]stage{"pre-login": {l.Burst, l.Period.Milliseconds()}}}
	})
	configured(a, protection+"breached-password-detection", "breached passwords", "factors.password.blocklist", readIt, updateIt, func() breached {
		return breached{Shields: []string{}, Frequency: []string{}, Method: "standard"}
	})
}

// assessing is whether risk is assessed where no policy asks for it too.
type assessing struct {
	Enabled bool `json:"enabled"`
}

func (a *API) readAssessing(ctx context.Context, _ *struct{}) (*body[assessing], error) {
	s, err := a.DB.Settings(ctx)
	if err != nil {
		return nil, err
	}
	return say(assessing{s.Assess}), nil
}

func (a *API) patchAssessing(ctx context.Context, in *body[assessing]) (*body[assessing], error) {
	e := storage.Event{Type: "policy.changed", Data: map[string]any{"monitor": in.Body.Enabled}}
	_, err := a.desk(ctx).ChangeSettings(ctx, e, func(s *storage.Settings) error { s.Assess = in.Body.Enabled; return nil })
	return in, err
}

// newDevice is how long a device stays known, in days.
type newDevice struct {
	Days int `json:"remember_for" minimum:"1" maximum:"365"`
}

// bruteForce is what stands against guesses of one person's password.
type bruteForce struct {
	Enabled   bool     `json:"enabled" required:"false"`
	Shields   []string `json:"shields" required:"false" enum:"block,user_notification" maxItems:"2"`
	Allowlist []string `json:"allowlist" required:"false" maxItems:"100"`
	Mode      string   `json:"mode,omitempty" enum:"count_per_identifier_and_ip,count_per_identifier"`
	Attempts  int      `json:"max_attempts,omitempty" minimum:"1"`
}

// throttling is what stands against guesses from one address.
type throttling struct {
	Enabled   bool             `json:"enabled" required:"false"`
	Shields   []string         `json:"shields" required:"false" enum:"block,admin_notification" maxItems:"2"`
	Allowlist []string         `json:"allowlist" required:"false" maxItems:"100"`
	Stage     map[string]stage `json:"stage,omitempty"`
}

type stage struct {
	Attempts int   `json:"max_attempts" required:"false"`
	Rate     int64 `json:"rate" required:"false" doc:"milliseconds until one more is let through"`
}

// breached is what stands against passwords that are for sale. Common ones are refused
// when they are set; nobody is looked up when they sign in.
type breached struct {
	Enabled   bool     `json:"enabled" required:"false"`
	Shields   []string `json:"shields" required:"false" maxItems:"10"`
	Frequency []string `json:"admin_notification_frequency" required:"false" maxItems:"10"`
	Method    string   `json:"method,omitempty" enum:"standard,enhanced"`
}

// configured registers something that the configuration says: it can be read, and writing
// what is so already is no error.
func configured[T any](a *API, path, what, key string, readIt, updateIt []string, now func() T) {
	op(a, operation{method: http.MethodGet, path: path, scopes: readIt, summary: "Limit of " + what},
		func(context.Context, *struct{}) (*body[T], error) { return say(now()), nil })
	op(a, operation{method: http.MethodPatch, path: path, scopes: updateIt, summary: "Refused: the configuration limits " + what},
		func(_ context.Context, in *struct {
			Body    T
			RawBody []byte
		},
		) (*body[T], error) {
			is := now()
			other, err := differs(in.RawBody, is)
			if err == nil && other != "" {
				err = impossible(other + ": this is a setting of the configuration, " + key + ", and cannot be changed while the provider runs")
			}
			return say(is), err
		})
}

// differs names a member of an object in JSON that is another than that of v, "" where
// there is none.
func differs(sent []byte, v any) (string, error) {
	var asked, there map[string]any
	text, err := json.Marshal(v)
	if err == nil {
		err = errors.Join(json.Unmarshal(sent, &asked), json.Unmarshal(text, &there))
	}
	for name, value := range asked {
		if !reflect.DeepEqual(value, there[name]) {
			return name, err
		}
	}
	return "", err
}
