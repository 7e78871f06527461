package management

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// A newMethod is what an administrator knows of a method that they add.
type newMethod struct {
	Type       string `json:"type" enum:"phone,email,totp,webauthn-roaming,passkey"`
	Name       string `json:"name,omitempty" minLength:"2" maxLength:"50" doc:"of an app or a key; numbers and addresses are called what they are"`
	Secret     string `json:"totp_secret,omitempty" maxLength:"256" doc:"of an app, in base32; without one we make it"`
	Phone      string `json:"phone_number,omitempty" maxLength:"30"`
	Email      string `json:"email,omitempty" maxLength:"320"`
	Preferred  string `json:"preferred_authentication_method,omitempty" enum:"sms,voice"`
	KeyID      string `json:"key_id,omitempty" maxLength:"2000" doc:"of a key: base64url of the credential's id"`
	PublicKey  string `json:"public_key,omitempty" maxLength:"4000" doc:"of a key: COSE in base64, or P-256 in PEM"`
	RPID       string `json:"relying_party_identifier,omitempty" maxLength:"253" doc:"of a key: the domain it was made for"`
	DeviceType string `json:"credential_device_type,omitempty" enum:"single_device,multi_device" doc:"of a key: multi_device where it is synced"`
	BackedUp   bool   `json:"credential_backed_up,omitempty" doc:"of a key; what it says when it is used counts"`
}

// make is the authenticator of m, and the secret where we made one.
func (m *newMethod) make(a *API) (*storage.Authenticator, string, error) {
	name := map[string]string{"email": factors.Email, "totp": factors.OTP, "webauthn-roaming": factors.Roaming, "passkey": factors.Platform}[m.Type]
	answer, made := factors.Answer{}, ""
	switch m.Type {
	case "phone":
		if name = m.Preferred; name == "" {
			name = factors.SMS
		}
		answer["phone_number"] = m.Phone
	case "email":
		answer["email"] = m.Email
	case "totp":
		if answer["secret"] = m.Secret; m.Secret == "" {
			raw := make([]byte, 20) // RFC 4226 §4 R6
			_, _ = rand.Read(raw)   // never fails (crypto/rand)
			made = base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)
			answer["secret"] = made
		}
	default:
		answer["key_id"], answer["public_key"], answer["rp_id"], answer["device_type"] = m.KeyID, m.PublicKey, m.RPID, m.DeviceType
	}
	if m.Name != "" && !a.Flows.Named(name) {
		return nil, "", invalid("name", "a number or an address is called what it is; leave the name out")
	}
	importer, ok := a.Factors.Get(name).(factors.Importer)
	if !ok {
		return nil, "", impossible("no " + m.Type + " can be added here")
	}
	one, err := importer.Import(answer, a.Now().UTC())
	var rejected *factors.Rejection
	switch {
	case errors.As(err, &rejected):
		return nil, "", invalid(m.Type, "it is not taken ("+rejected.Message+"); look at its members")
	case errors.Is(err, factors.ErrUnsupported):
		return nil, "", impossible(err.Error())
	case err != nil:
		return nil, "", invalid(m.Type, err.Error())
	}
	if m.Name != "" {
		one.Label = strings.TrimSpace(m.Name)
	}
	return one, made, nil
}

// handOver changes u's authenticators, which is in the log with the caller's name.
func (a *API) handOver(ctx context.Context, u *storage.User, h *flows.Handover) error {
	h.Actor = actor(callerOf(ctx))
	err := a.Flows.ChangeAuthenticators(ctx, u, h)
	switch {
	case errors.Is(err, flows.ErrKnown):
		return refusal(http.StatusConflict, "", "The authentication method is there already.")
	case errors.Is(err, flows.ErrFull):
		return refusal(http.StatusBadRequest, "too_many_authentication_methods", "The user has as many authentication methods as one may have; remove one first.")
	}
	return err
}

func (a *API) createMethod(ctx context.Context, in *struct {
	UserPath
	Body newMethod
},
) (*body[*userMethod], error) {
	u, err := a.userByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	one, secret, err := in.Body.make(a)
	if err != nil {
		return nil, err
	}
	h := &flows.Handover{Add: []*storage.Authenticator{one}}
	if err := a.handOver(ctx, u, h); err != nil {
		return nil, err
	}
	m := a.viewMethods(u, h.Add, true)[0]
	m.Confirmed, m.Secret, m.Type = nil, secret, in.Body.Type
	return say(m), nil
}

// replaces reports whether PUT replaces an authenticator: those that it can give.
func (a *API) replaces(one *storage.Authenticator) bool {
	return slices.Contains([]string{factors.SMS, factors.Voice, factors.OTP, factors.Email}, one.Factor) && !a.Flows.Automatic(one)
}

func (a *API) replaceMethods(ctx context.Context, in *struct {
	UserPath
	Body []newMethod `maxItems:"50" nullable:"false"`
},
) (*body[[]*userMethod], error) {
	u, err := a.userByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	_, list, err := a.methodsOf(ctx, u)
	if err != nil {
		return nil, err
	}
	h := &flows.Handover{Remove: slices.DeleteFunc(list, func(one *storage.Authenticator) bool { return !a.replaces(one) })}
	secrets := map[string]string{}
	for i := range in.Body {
		m := &in.Body[i]
		if !slices.Contains([]string{"phone", "email", "totp"}, m.Type) {
			return nil, invalid("type", "only phone, email and totp can be put; add a key with POST")
		}
		one, secret, err := m.make(a)
		if err != nil {
			return nil, err
		}
		h.Add = append(h.Add, one)
		secrets[string(one.Secret)] = secret
	}
	if err := a.handOver(ctx, u, h); err != nil {
		return nil, err
	}
	all := a.viewMethods(u, h.Add, false)
	for _, m := range all {
		m.Confirmed = nil
		for _, one := range h.Add {
			if one.ID == ownID(m.ID) {
				m.Secret = secrets[string(one.Secret)]
			}
		}
	}
	return say(all), nil
}

func (a *API) patchMethod(ctx context.Context, in *struct {
	MethodPath
	Body struct {
		Name      string `json:"name,omitempty" minLength:"2" maxLength:"50"`
		Preferred string `json:"preferred_authentication_method,omitempty" enum:"sms,voice"`
	}
},
) (*body[*userMethod], error) {
	u, m, one, err := a.methodAt(ctx, in.MethodPath)
	if err != nil {
		return nil, err
	}
	switch {
	case in.Body.Preferred != "" && in.Body.Preferred != m.Preferred:
		return nil, impossible("whether a text or a call comes first is the order of the factors, for everybody: `sallyport factor order`")
	case in.Body.Name == "" || in.Body.Name == one.Label:
		return say(m), nil
	case !a.Flows.Named(one.Factor):
		return nil, invalid("name", "a number or an address is called what it is; leave the name out")
	}
	one.Label = strings.TrimSpace(in.Body.Name)
	e := storage.Event{Type: "authenticator.renamed", UserID: u.ID, Data: map[string]any{"factor": one.Factor, "authenticator_id": one.ID}}
	err = a.change(ctx, e, func(ctx context.Context) error { return a.DB.UpdateAuthenticator(ctx, one) })
	return say(a.viewMethod(u, one, true)), err
}

func (a *API) removeMethod(ctx context.Context, in *MethodPath) (*struct{}, error) {
	u, _, one, err := a.methodAt(ctx, *in)
	if err != nil {
		return nil, err
	}
	if one.Factor == factors.Password {
		return nil, impossible("a password is no second step; delete the user, or block them")
	}
	return nil, a.handOver(ctx, u, &flows.Handover{Remove: []*storage.Authenticator{one}})
}

// removeAll removes all but the password and the mailbox that is known to be theirs: what
// they cannot have lost.
func (a *API) removeAll(ctx context.Context, in *UserPath) (*struct{}, error) {
	return nil, a.removeWhere(ctx, in.ID, func(one *storage.Authenticator) bool {
		return one.Factor != factors.Password && !a.Flows.Automatic(one)
	})
}

func (a *API) removeWhere(ctx context.Context, id string, goes func(*storage.Authenticator) bool) error {
	u, err := a.userByID(ctx, id)
	if err != nil {
		return err
	}
	_, list, err := a.methodsOf(ctx, u)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(one *storage.Authenticator) bool { return !goes(one) })
	if len(list) == 0 {
		return nil
	}
	return a.handOver(ctx, u, &flows.Handover{Remove: list})
}
