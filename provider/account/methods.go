package account

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// Scopes of authentication methods.
const (
	mayRead   = "read:me:authentication_methods"
	mayCreate = "create:me:authentication_methods"
	mayUpdate = "update:me:authentication_methods"
	mayDelete = "delete:me:authentication_methods"
)

// A ByID names one of several.
type ByID struct {
	ID string `path:"id" maxLength:"100"`
}

type oneMethod struct{ Body Method }

type methodList struct {
	Body struct {
		Methods []Method `json:"authentication_methods"`
	}
}

type methodQuery struct {
	Type string `query:"type" enum:"password,passkey,webauthn-platform,webauthn-roaming,totp,phone,email,push-notification,recovery-code"`
}

// A creation asks for a new method.
type creation struct {
	Body struct {
		Type       string `json:"type" enum:"password,passkey,webauthn-platform,webauthn-roaming,totp,phone,email,push-notification,recovery-code"`
		Email      string `json:"email,omitempty" maxLength:"320"`
		Phone      string `json:"phone_number,omitempty" maxLength:"40"`
		Preferred  string `json:"preferred_authentication_method,omitempty" enum:"sms,voice"`
		Connection string `json:"connection,omitempty" maxLength:"128"`
		Identity   string `json:"identity_user_id,omitempty" maxLength:"100"`
	}
}

// A begun method waits for its confirmation.
type begun struct {
	Location string `header:"Location"`
	Body     struct {
		ID          string          `json:"id"`
		AuthSession string          `json:"auth_session"`
		Barcode     string          `json:"barcode_uri,omitempty"`
		Manual      string          `json:"manual_input_code,omitempty"`
		Recovery    string          `json:"recovery_code,omitempty"`
		PublicKey   json.RawMessage `json:"authn_params_public_key,omitempty"`
		Policy      *passwordPolicy `json:"password_policy,omitempty"`
	}
}

type passwordPolicy struct {
	Min int `json:"min_length"`
}

// A verification confirms it.
type verification struct {
	ByID
	Body struct {
		AuthSession string          `json:"auth_session" maxLength:"500"`
		Code        string          `json:"otp_code,omitempty" maxLength:"64"`
		Response    json.RawMessage `json:"authn_response,omitempty"`
		Password    string          `json:"new_password,omitempty" maxLength:"4096"`
	}
}

type amendment struct {
	ByID
	Body struct {
		Name      *string `json:"name,omitempty" maxLength:"200"`
		Preferred *string `json:"preferred_authentication_method,omitempty" enum:"sms,voice"`
	}
}

func (p *Provider) mountMethods(api huma.API) {
	const path = "/authentication-methods"
	on(p, api, call{method: http.MethodGet, path: path, scope: mayRead, summary: "How the person signs in"}, p.listMethods)
	on(p, api, call{method: http.MethodPost, path: path, scope: mayCreate, status: http.StatusAccepted, change: true, summary: "Begin to add a way"}, p.createMethod)
	on(p, api, call{method: http.MethodPost, path: path + "/{id}/verify", scope: mayCreate, status: http.StatusCreated, change: true, missing: true, summary: "Confirm it"}, p.verifyMethod)
	on(p, api, call{method: http.MethodGet, path: path + "/{id}", scope: mayRead, missing: true, summary: "One way"}, p.getMethod)
	on(p, api, call{method: http.MethodPatch, path: path + "/{id}", scope: mayUpdate, change: true, missing: true, summary: "Rename one"}, p.patchMethod)
	on(p, api, call{method: http.MethodDelete, path: path + "/{id}", scope: mayDelete, status: http.StatusNoContent, change: true, missing: true, summary: "Remove one"}, p.deleteMethod)
}

func (p *Provider) listMethods(ctx context.Context, by caller, in *methodQuery) (*methodList, error) {
	all, err := p.methods(ctx, by.Owner)
	if err != nil {
		return nil, err
	}
	if in.Type == typePlatform {
		in.Type = typePasskey
	}
	list := &methodList{}
	list.Body.Methods = slices.DeleteFunc(all, func(m Method) bool { return in.Type != "" && m.Type != in.Type })
	return list, nil
}

func (p *Provider) find(ctx context.Context, by caller, id string) (*oneMethod, error) {
	all, err := p.methods(ctx, by.Owner)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		if m.ID == id {
			return &oneMethod{m}, nil
		}
	}
	return nil, storage.ErrNotFound
}

func (p *Provider) getMethod(ctx context.Context, by caller, in *ByID) (*oneMethod, error) {
	return p.find(ctx, by, in.ID)
}

// factorOf is the factor of a type, with what it needs.
func factorOf(in *creation) (string, factors.Answer, error) {
	b := &in.Body
	switch b.Type {
	case typePasskey, typePlatform:
		return factors.Platform, nil, nil
	case typePhone:
		if b.Phone == "" {
			return "", nil, invalid("phone_number", "give the number, as +491512345678")
		}
		if b.Preferred == "voice" {
			return factors.Voice, factors.Answer{"phone_number": b.Phone}, nil
		}
		return factors.SMS, factors.Answer{"phone_number": b.Phone}, nil
	case typeEmail:
		if b.Email == "" {
			return "", nil, invalid("email", "give the address")
		}
		return factors.Email, factors.Answer{"email": b.Email}, nil
	}
	for _, factor := range []string{factors.Password, factors.Roaming, factors.OTP, factors.Push, factors.RecoveryCode} {
		if typeOf(factor) == b.Type {
			return factor, nil, nil
		}
	}
	return "", nil, invalid("type", "is unknown")
}

func (p *Provider) createMethod(_ context.Context, by caller, in *creation) (*begun, error) {
	factor, answer, err := factorOf(in)
	if err != nil {
		return nil, err
	}
	if in.Body.Identity != "" && in.Body.Identity != by.User.ID {
		return nil, invalid("identity_user_id", "is not the person's")
	}
	made, err := by.Setup(by.Caller, factor, answer)
	if err != nil {
		return nil, err
	}
	out := &begun{Location: strings.TrimSuffix(p.issuer, "/") + Base + "/authentication-methods/" + url.PathEscape(made.ID)}
	b := &out.Body
	b.ID, b.AuthSession, b.Recovery = made.ID, made.Session, strings.Join(made.Recovery, " ")
	b.Barcode, b.Manual = made.Prompt.URI, made.Prompt.Key
	if made.Prompt.Options != "" {
		b.PublicKey = json.RawMessage(made.Prompt.Options)
	}
	if factor == factors.Password {
		b.Policy = &passwordPolicy{made.Min}
	}
	return out, nil
}

func (p *Provider) verifyMethod(ctx context.Context, by caller, in *verification) (*oneMethod, error) {
	b := &in.Body
	id, err := by.Confirm(by.Caller, in.ID, b.AuthSession, flows.Confirmation{Code: b.Code, Credential: string(b.Response), Password: b.Password})
	if err != nil {
		return nil, err
	}
	return p.find(ctx, by, id)
}

func (p *Provider) patchMethod(ctx context.Context, by caller, in *amendment) (*oneMethod, error) {
	before, err := p.find(ctx, by, in.ID)
	if err != nil {
		return nil, err
	}
	if in.Body.Preferred != nil && *in.Body.Preferred != before.Body.Preferred {
		return nil, invalid("preferred_authentication_method", "people choose at each sign-in; this is not kept")
	}
	if in.Body.Name != nil {
		if err := by.Rename(ctx, in.ID, *in.Body.Name); err != nil {
			return nil, err
		}
	}
	return p.find(ctx, by, in.ID)
}

func (p *Provider) deleteMethod(ctx context.Context, by caller, in *ByID) (*struct{}, error) {
	if _, err := p.find(ctx, by, in.ID); err != nil {
		return nil, err
	}
	return nil, by.Remove(ctx, in.ID)
}
