package management

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// Auth0's providers of messages, and our senders. Nobody sends for us as Auth0 does for
// its tenants: auth0 stands for no sender.
const (
	providerNone   = "auth0"
	providerTwilio = "twilio"
	providerHook   = "phone-message-hook"
	senderTwilio   = "twilio"
	senderHook     = "webhook"
)

// guardianPhone is how texts and calls are sent. Auth0's paths below sms are the same
// under their old name.
func (a *API) guardianPhone() {
	op(a, operation{method: http.MethodGet, path: "/guardian/factors/phone/message-types", scopes: readFactors, summary: "Whether codes go out as texts, calls or both"}, a.readMessageTypes)
	op(a, operation{method: http.MethodPut, path: "/guardian/factors/phone/message-types", scopes: updateFactors, summary: "Send codes as texts, calls or both", conflict: true}, a.putMessageTypes)
	for _, name := range []string{"phone", "sms"} {
		at := "/guardian/factors/" + name
		op(a, operation{method: http.MethodGet, path: at + "/selected-provider", scopes: readFactors, summary: "Who sends texts and calls"}, a.readPhoneProvider)
		op(a, operation{method: http.MethodPut, path: at + "/selected-provider", scopes: updateFactors, summary: "Choose who sends texts and calls", conflict: true}, a.putPhoneProvider)
		op(a, operation{method: http.MethodGet, path: at + "/providers/twilio", scopes: readFactors, summary: "The account at Twilio, without its secret"}, a.readTwilio)
		op(a, operation{method: http.MethodPut, path: at + "/providers/twilio", scopes: updateFactors, summary: "Replace the account at Twilio", conflict: true}, a.putTwilio)
		op(a, operation{method: http.MethodGet, path: at + "/templates", scopes: readFactors, summary: "The texts of messages"}, a.readTemplates)
		op(a, operation{method: http.MethodPut, path: at + "/templates", scopes: updateFactors, summary: "Replace the texts of messages", conflict: true}, a.putTemplates)
	}
	a.codeSettings("phone", factors.SMS, factors.Voice)
	a.codeSettings("email", factors.Email)
}

// phoneWish is what was chosen of texts and calls.
type phoneWish struct {
	Provider string   `json:"provider,omitempty"`
	Types    []string `json:"message_types"`
}

// phone is how texts and calls are sent, as it is where that says it, else as it was
// chosen.
func (a *API) phone(ctx context.Context) (*phoneWish, error) {
	w := &phoneWish{Provider: providerNone, Types: []string{factors.SMS}}
	if err := a.wish(ctx, "phone", w); err != nil {
		return nil, err
	}
	s, err := a.DB.Settings(ctx)
	if err != nil {
		return nil, err
	}
	if on := slices.DeleteFunc(ofGuardian(factors.SMS), func(name string) bool { return !slices.Contains(s.Factors, name) }); len(on) > 0 {
		w.Types = on
	}
	for _, name := range ofGuardian(factors.SMS) {
		switch a.Setup.Settings(name)["sender"].Text() {
		case senderTwilio:
			w.Provider = providerTwilio
		case senderHook:
			w.Provider = providerHook
		}
	}
	return w, nil
}

// factors are those that w enables: Auth0's words for the types are our factors' names.
func (w *phoneWish) factors() []string { return w.Types }

// messageTypes are how codes reach a telephone.
type messageTypes struct {
	Types []string `json:"message_types" enum:"sms,voice" maxItems:"2"`
}

func (a *API) readMessageTypes(ctx context.Context, _ *struct{}) (*body[messageTypes], error) {
	w, err := a.phone(ctx)
	if err != nil {
		return nil, err
	}
	return say(messageTypes{w.Types}), nil
}

func (a *API) putMessageTypes(ctx context.Context, in *body[messageTypes]) (*body[messageTypes], error) {
	w, err := a.phone(ctx)
	if err != nil {
		return nil, err
	}
	s, err := a.DB.Settings(ctx)
	if err != nil {
		return nil, err
	}
	w.Types = in.Body.Types
	off := slices.DeleteFunc(ofGuardian(factors.SMS), func(name string) bool { return slices.Contains(w.Types, name) })
	var on []string
	if anyOf(s.Factors, ofGuardian(factors.SMS)) {
		on = w.factors()
	}
	err = a.DB.Tx(ctx, func(ctx context.Context) error {
		if err := a.switchFactors(ctx, on, off); err != nil {
			return err
		}
		return a.change(ctx, storage.Event{Type: "factor.changed", Data: map[string]any{"factor": "phone", "message_types": w.Types}},
			func(ctx context.Context) error { return a.putWish(ctx, "phone", w) })
	})
	return in, err
}

// selected is the provider of messages.
type selected struct {
	Provider string `json:"provider" enum:"auth0,twilio,phone-message-hook" doc:"auth0: none; phone-message-hook: the webhook of the configuration"`
}

func (a *API) readPhoneProvider(ctx context.Context, _ *struct{}) (*body[selected], error) {
	w, err := a.phone(ctx)
	if err != nil {
		return nil, err
	}
	return say(selected{w.Provider}), nil
}

func (a *API) putPhoneProvider(ctx context.Context, in *body[selected]) (*body[selected], error) {
	if in.Body.Provider == providerHook && a.Setup.Settings(factors.SMS)["webhook.url"].Text() == "" {
		return nil, invalid("provider", "there is no webhook; set one with `sallyport factor set sms webhook.url=… webhook.signing_secret=…` first")
	}
	w, err := a.phone(ctx)
	if err != nil {
		return nil, err
	}
	w.Provider = in.Body.Provider
	return in, a.setPhone(ctx, w, func(now map[string]Setting) map[string]any {
		return map[string]any{"sender": senderFor(w.Provider, now)}
	})
}

// setPhone changes how texts and calls are sent, and keeps what was chosen.
func (a *API) setPhone(ctx context.Context, w *phoneWish, edit func(map[string]Setting) map[string]any) error {
	return a.Setup.setWith(ctx, a.desk(ctx), func(ctx context.Context) error { return a.putWish(ctx, "phone", w) },
		FactorEdit{factors.SMS, edit}, FactorEdit{factors.Voice, edit})
}

// senderFor is our sender for a provider of Auth0's, none while it lacks something.
func senderFor(provider string, now map[string]Setting) string {
	set := func(key string) bool { return now[key].Text() != "" }
	switch {
	case provider == providerTwilio && set("twilio.account_sid") && set("twilio.auth_token") && (set("twilio.from") || set("twilio.messaging_service_sid")):
		return senderTwilio
	case provider == providerHook && set("webhook.url"):
		return senderHook
	}
	return ""
}

// templates are the texts of messages, in Liquid.
type templates struct {
	Enrollment   string `json:"enrollment_message" maxLength:"1600" doc:"for a new number; empty: ours, in the person's language"`
	Verification string `json:"verification_message" maxLength:"1600" doc:"for a known number; empty: ours"`
}

func (a *API) readTemplates(context.Context, *struct{}) (*body[templates], error) {
	now := a.Setup.Settings(factors.SMS)
	return say(templates{now["enrollment_message"].Text(), now["verification_message"].Text()}), nil
}

func (a *API) putTemplates(ctx context.Context, in *body[templates]) (*body[templates], error) {
	edit := func(map[string]Setting) map[string]any {
		return map[string]any{"enrollment_message": in.Body.Enrollment, "verification_message": in.Body.Verification}
	}
	return in, a.Setup.Set(ctx, a.desk(ctx), FactorEdit{factors.SMS, edit}, FactorEdit{factors.Voice, edit})
}

// codeSettings are those of codes that travel to the person.
type codeSettings struct {
	Length  int   `json:"otp_length,omitempty" minimum:"6" maximum:"10" default:"6"`
	Seconds int64 `json:"otp_expiration_time,omitempty" minimum:"30" maximum:"600" default:"300" doc:"SP 800-63B-4 §3.1.3.1 wants at most ten minutes"`
}

func (a *API) codeSettings(name string, ours ...string) {
	at := "/guardian/factors/" + name + "/settings"
	op(a, operation{method: http.MethodGet, path: at, scopes: readFactors, summary: "Length and life of codes"},
		func(context.Context, *struct{}) (*body[codeSettings], error) {
			now := a.Setup.Settings(ours[0])
			digits, _ := now["digits"].Value.(int)
			life, _ := now["lifetime"].Value.(time.Duration)
			return say(codeSettings{digits, int64(life / time.Second)}), nil
		})
	op(a, operation{method: http.MethodPut, path: at, scopes: updateFactors, summary: "Set length and life of codes", conflict: true},
		func(ctx context.Context, in *body[codeSettings]) (*body[codeSettings], error) {
			life := time.Duration(in.Body.Seconds) * time.Second
			var edits []FactorEdit
			for _, name := range ours {
				edits = append(edits, FactorEdit{name, func(map[string]Setting) map[string]any {
					return map[string]any{"digits": in.Body.Length, "lifetime": life.String()}
				}})
			}
			return in, a.Setup.Set(ctx, a.desk(ctx), edits...)
		})
}
