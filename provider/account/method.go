package account

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
)

// Types of authentication methods, as Auth0 spells them.
const (
	typePassword = "password"
	typePasskey  = "passkey"
	typePlatform = "webauthn-platform"
	typeRoaming  = "webauthn-roaming"
	typeTOTP     = "totp"
	typePhone    = "phone"
	typeEmail    = "email"
	typePush     = "push-notification"
	typeCodes    = "recovery-code"
)

// typeOf is the type of a factor, "" for one that has none. What a device unlocks opens a
// sign-in by itself: it is a passkey.
func typeOf(factor string) string {
	return map[string]string{
		factors.Password: typePassword, factors.Platform: typePasskey, factors.Roaming: typeRoaming, factors.OTP: typeTOTP, factors.SMS: typePhone,
		factors.Voice: typePhone, factors.Email: typeEmail, factors.Push: typePush, factors.RecoveryCode: typeCodes,
	}[factor]
}

// A Method is an authentication method.
type Method struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	CreatedAt time.Time `json:"created_at"`
	Usage     []string  `json:"usage"`
	Confirmed *bool     `json:"confirmed,omitempty" doc:"of second factors"`
	Name      string    `json:"name,omitempty"`
	LastAuth  time.Time `json:"last_auth_at,omitzero"`
	LastReset time.Time `json:"last_password_reset,omitzero"`

	Phone     string `json:"phone_number,omitempty"`
	Preferred string `json:"preferred_authentication_method,omitempty" doc:"sms or voice"`
	Email     string `json:"email,omitempty"`

	KeyID      string `json:"key_id,omitempty"`
	PublicKey  string `json:"public_key,omitempty"`
	AAGUID     string `json:"aaguid,omitempty"`
	Party      string `json:"relying_party_id,omitempty"`
	UserHandle string `json:"user_handle,omitempty"`
	Identity   string `json:"identity_user_id,omitempty"`
	DeviceType string `json:"credential_device_type,omitempty" doc:"single_device or multi_device"`
	BackedUp   *bool  `json:"credential_backed_up,omitempty"`
}

// methods are all of a person, the oldest first. Texts and calls to one number are one.
func (p *Provider) methods(ctx context.Context, o *flows.Owner) ([]Method, error) {
	all, err := o.Authenticators(ctx)
	if err != nil {
		return nil, err
	}
	list := []Method{}
	for _, a := range all {
		called := a.Factor == factors.Voice && slices.ContainsFunc(all, func(other *factors.Authenticator) bool {
			return other.Factor == factors.SMS && a.Link != "" && other.Link == a.Link
		})
		off := p.flows.Automatic(a) && !a.DisabledAt.IsZero()
		if typeOf(a.Factor) == "" || called || off {
			continue
		}
		m, err := p.method(o, a)
		if err != nil {
			return nil, err
		}
		list = append(list, *m)
	}
	return list, nil
}

func (p *Provider) method(o *flows.Owner, a *factors.Authenticator) (*Method, error) {
	m := &Method{ID: a.ID, Type: typeOf(a.Factor), CreatedAt: a.CreatedAt, Usage: p.usage(a.Factor), LastAuth: a.LastUsedAt}
	if a.Factor == factors.Password {
		m.LastReset = a.CreatedAt
		return m, nil
	}
	yes := true
	m.Confirmed = &yes
	if p.flows.Named(a.Factor) {
		m.Name = a.Label
	}
	if f, ok := p.factors.Get(a.Factor).(factors.Addressed); ok {
		address := f.Address(factors.Subject{UserID: o.User.ID, Email: o.User.Email, EmailVerified: o.User.EmailVerified}, a)
		if a.Factor == factors.Email {
			m.Email = address
		} else {
			m.Phone, m.Preferred = address, a.Factor
		}
	}
	f, ok := p.factors.Get(a.Factor).(factors.Keyed)
	if !ok {
		return m, nil
	}
	k, err := f.Key(a)
	if err != nil {
		return nil, err
	}
	m.KeyID, m.PublicKey = k.ID, k.PublicKey
	if m.Type == typePasskey {
		m.AAGUID, m.Party, m.UserHandle, m.Identity, m.BackedUp, m.DeviceType = k.AAGUID, k.RelyingParty, k.UserHandle, o.User.ID, &k.BackedUp, "single_device"
		if k.Synced {
			m.DeviceType = "multi_device"
		}
	}
	return m, nil
}
